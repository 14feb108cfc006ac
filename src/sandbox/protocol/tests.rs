use proptest::prelude::*;
use serde_json::{Value, json};

use super::cbor::{decode, encode};
use super::{Protocol, form, operation};
use crate::sandbox::Request;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(u8::is_ascii_hexdigit)
        .map(|digit| (digit as char).to_digit(16).unwrap().try_into().unwrap())
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(|number: f64| Value::from(number + 0.5)),
        "\\PC{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,30}", inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_document_survives_the_way_there_and_back(document in documents()) {
        prop_assert_eq!(decode(&encode(&document)), Some(document));
    }

    #[test]
    fn garbage_is_refused_and_no_more(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(decode(&bytes));
    }
}

#[test]
fn what_others_write_is_read() {
    // RFC 8949, appendix A.
    for (bytes, expected) in [
        ("1bffffffffffffffff", json!(18_446_744_073_709_551_615_u64)),
        ("3863", json!(-100)),
        ("fb3ff199999999999a", json!(1.1)),
        ("fa47c35000", json!(100_000.0)),
        ("f6", json!(null)),
        ("f7", json!(null)),
        ("c11a514b67b0", json!(1_363_896_240)),
        ("c1fb41d452d9ec200000", json!(1_363_896_240.5)),
        ("4401020304", json!("AQIDBA==")),
        ("7f657374726561646d696e67ff", json!("streaming")),
        ("5f42010243030405ff", json!("AQIDBAU=")),
        ("9f01820203ff", json!([1, [2, 3]])),
        ("bf61610161629f0203ffff", json!({"a": 1, "b": [2, 3]})),
    ] {
        assert_eq!(decode(&hex(bytes)), Some(expected), "{bytes}");
    }
    let deep = [vec![0x81; 100], vec![0x01]].concat();
    for wrong in [hex("a10102"), hex("0001"), hex("a161"), hex("ff"), deep] {
        assert_eq!(decode(&wrong), None, "{wrong:x?}");
    }
}

#[test]
fn times_have_their_tag_and_blobs_are_bytes() {
    let document = json!({"loaIssueTime": 1_363_896_240.5});
    let expected = hex("a1 6c 6c6f61497373756554696d65 c1 fb41d452d9ec200000");
    assert_eq!(encode(&document), expected);
    let document = json!({"loaContent": "AQIDBA=="});
    assert_eq!(
        encode(&document),
        hex("a1 6a 6c6f61436f6e74656e74 4401020304")
    );
}

#[test]
fn both_protocols_become_the_same_form() {
    let document = json!({
        "connectionId": "dxcon-1",
        "newTransitVirtualInterface": {"vlan": 7, "tags": [{"key": "a", "value": "b"}], "mtu": null},
        "Action": "DeleteConnection",
    });
    let path = "/service/OvertureService/operation/CreateTransitVirtualInterface";
    let cbor = Request::from_http("POST", path, [], &encode(&document));
    let target = [(
        "X-Amz-Target",
        "OvertureService.CreateTransitVirtualInterface",
    )];
    let json = Request::from_http("POST", "/", target, document.to_string().as_bytes());
    assert_eq!(Protocol::of(&cbor.path), Protocol::Cbor);
    assert_eq!(Protocol::of(&json.path), Protocol::Json);
    let form_of = |request| form(request).unwrap();
    assert_eq!(form_of(&cbor), form_of(&json));
    let form = form_of(&cbor);
    assert_eq!(form["newTransitVirtualInterface.vlan"], "7");
    assert_eq!(form["newTransitVirtualInterface.tags.1.key"], "a");
    assert_eq!(
        form["Action"], "CreateTransitVirtualInterface",
        "no member's"
    );
    assert!(!form.contains_key("newTransitVirtualInterface.mtu"));
}

#[test]
fn what_is_no_document_is_refused() {
    let path = "/service/OvertureService/operation/DescribeConnections";
    for body in [&b"\xff"[..], b"\x01", b"\xa1"] {
        let request = Request::from_http("POST", path, [], body);
        let error = super::form(&request).unwrap_err();
        assert_eq!(error.code, "SerializationException");
    }
    let request = Request::from_http("POST", path, [], b"");
    assert_eq!(
        super::form(&request).unwrap().len(),
        1,
        "no input is an empty one"
    );
    assert_eq!(operation("/"), None);
    assert_eq!(operation("/favicon"), None);
}
