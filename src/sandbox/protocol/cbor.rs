//! CBOR (RFC 8949), as far as documents of AWS need it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minicbor::data::{Tag, Type};
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Number, Value};

/// How deep documents may nest; AWS's own are far from it.
const DEEPEST: u32 = 32;
/// The tag of a time in seconds since 1970.
const EPOCH: u64 = 1;
/// The members of Direct Connect's documents that are times (botocore's model).
const TIMES: [&str; 4] = ["loaIssueTime", "startTime", "endTime", "routeInstalledAt"];
/// The members that are bytes; base64 in JSON.
const BLOBS: [&str; 1] = ["loaContent"];

/// Reads a document; none when it is not one, or not all of it.
///
/// Bytes become base64 and times numbers, as the same document has them in JSON.
pub(in crate::sandbox) fn decode(bytes: &[u8]) -> Option<Value> {
    let mut decoder = Decoder::new(bytes);
    let value = item(&mut decoder, 0).ok()??;
    (decoder.position() == bytes.len()).then_some(value)
}

type Read<T> = Result<T, minicbor::decode::Error>;

/// One item; none for what no document of AWS holds.
fn item(decoder: &mut Decoder<'_>, depth: u32) -> Read<Option<Value>> {
    if depth > DEEPEST {
        return Ok(None);
    }
    Ok(Some(match decoder.datatype()? {
        Type::Bool => Value::Bool(decoder.bool()?),
        Type::Null => {
            decoder.null()?;
            Value::Null
        }
        Type::Undefined => {
            decoder.undefined()?;
            Value::Null
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => decoder.i64()?.into(),
        Type::F32 => Number::from_f64(decoder.f32()?.into()).map_or(Value::Null, Value::Number),
        Type::F64 => Number::from_f64(decoder.f64()?).map_or(Value::Null, Value::Number),
        Type::String | Type::StringIndef => {
            let parts: Result<String, _> = decoder.str_iter()?.collect();
            Value::String(parts?)
        }
        Type::Bytes | Type::BytesIndef => {
            let mut bytes = Vec::new();
            for part in decoder.bytes_iter()? {
                bytes.extend_from_slice(part?);
            }
            Value::String(STANDARD.encode(bytes))
        }
        Type::Array | Type::ArrayIndef => return list(decoder, depth),
        Type::Map | Type::MapIndef => return map(decoder, depth),
        Type::Tag => {
            decoder.tag()?;
            return item(decoder, depth + 1);
        }
        _ => return Ok(None),
    }))
}

/// Whether another item follows in a list of that length, or in one that a break ends.
fn more(decoder: &mut Decoder<'_>, left: &mut Option<u64>) -> Read<bool> {
    match left {
        Some(0) => Ok(false),
        Some(count) => {
            *count -= 1;
            Ok(true)
        }
        None if decoder.datatype()? == Type::Break => {
            decoder.skip()?;
            Ok(false)
        }
        None => Ok(true),
    }
}

fn list(decoder: &mut Decoder<'_>, depth: u32) -> Read<Option<Value>> {
    let mut left = decoder.array()?;
    let mut items = Vec::new();
    while more(decoder, &mut left)? {
        match item(decoder, depth + 1)? {
            Some(value) => items.push(value),
            None => return Ok(None),
        }
    }
    Ok(Some(Value::Array(items)))
}

fn map(decoder: &mut Decoder<'_>, depth: u32) -> Read<Option<Value>> {
    let mut left = decoder.map()?;
    let mut members = Map::new();
    while more(decoder, &mut left)? {
        match (item(decoder, depth + 1)?, item(decoder, depth + 1)?) {
            (Some(Value::String(key)), Some(value)) => members.insert(key, value),
            _ => return Ok(None),
        };
    }
    Ok(Some(Value::Object(members)))
}

/// Writes a document, with definite lengths, times under their tag, and blobs as bytes.
pub(in crate::sandbox) fn encode(value: &Value) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    // Writing into memory cannot fail.
    drop(write(&mut encoder, "", value));
    encoder.into_writer()
}

type Written = Result<(), minicbor::encode::Error<core::convert::Infallible>>;

fn write(encoder: &mut Encoder<Vec<u8>>, name: &str, value: &Value) -> Written {
    match value {
        Value::Null => {
            encoder.null()?;
        }
        Value::Bool(flag) => {
            encoder.bool(*flag)?;
        }
        Value::Number(number) => {
            if TIMES.contains(&name) {
                encoder.tag(Tag::new(EPOCH))?;
            }
            self::number(encoder, number)?;
        }
        Value::String(text) => match BLOBS.contains(&name).then(|| STANDARD.decode(text)) {
            Some(Ok(bytes)) => {
                encoder.bytes(&bytes)?;
            }
            _ => {
                encoder.str(text)?;
            }
        },
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            for item in items {
                write(encoder, name, item)?;
            }
        }
        Value::Object(members) => {
            encoder.map(members.len() as u64)?;
            for (key, member) in members {
                encoder.str(key)?;
                write(encoder, key, member)?;
            }
        }
    }
    Ok(())
}

fn number(encoder: &mut Encoder<Vec<u8>>, number: &Number) -> Written {
    if let Some(whole) = number.as_u64() {
        encoder.u64(whole)?;
    } else if let Some(whole) = number.as_i64() {
        encoder.i64(whole)?;
    } else {
        encoder.f64(number.as_f64().unwrap_or_default())?;
    }
    Ok(())
}
