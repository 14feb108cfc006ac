//! Printing and reading back, and texts from nowhere.

use proptest::prelude::*;

use super::super::condition;
use super::*;

fn path() -> impl Strategy<Value = Reference> {
    prop::collection::vec("[a-z][a-z0-9_-]{0,6}", 1..4)
        .prop_map(|names| Reference { names, at: 0..0 })
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        path().prop_map(Operand::Reference),
        "\\PC{0,10}".prop_map(|text| Operand::Literal(Value::String(text))),
        any::<i64>().prop_map(|number| Operand::Literal(number.into())),
        any::<bool>().prop_map(|flag| Operand::Literal(flag.into())),
        Just(Operand::Literal(Value::Null)),
    ]
}

fn any_condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        operand().prop_map(Condition::Is),
        (operand(), operand()).prop_map(|(left, right)| Condition::Equal(left, right)),
        (operand(), operand()).prop_map(|(left, right)| Condition::NotEqual(left, right)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|inner| Condition::Not(Box::new(inner))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::All),
            prop::collection::vec(inner, 2..4).prop_map(Condition::Any),
        ]
    })
}

proptest! {
    #[test]
    fn a_printed_condition_reads_back_as_itself(condition in any_condition()) {
        let text = condition.to_string();
        let again = condition::parse(&text, &Place::itself(&text));
        prop_assert_eq!(again, Ok(condition), "{}", text);
    }

    #[test]
    fn a_printed_text_reads_back_as_itself(text in "[a-z${}. ]{0,24}|\\PC{0,24}") {
        if let Ok(template) = Template::parse(&text, &Place::itself(&text)) {
            let printed = template.to_string();
            let again = Template::parse(&printed, &Place::itself(&printed));
            prop_assert_eq!(again, Ok(template), "{} printed as {}", text, printed);
        }
    }

    #[test]
    fn no_text_makes_the_condition_reader_panic(text in "[a-z${}.()!=&|' 0-9ä]{0,40}|\\PC{0,40}") {
        let place = Place::itself(&text);
        if let Err(error) = condition::parse(&text, &place) {
            prop_assert!(text.get(error.at).is_some());
        }
    }
}

#[test]
fn conditions_bind_as_they_look() {
    for (text, same) in [
        ("${a} || ${b} && ${c}", "${a} || (${b} && ${c})"),
        ("!${a} && ${b}", "(!${a}) && ${b}"),
        ("${a}=='it''s'&&7!=${b}", "(${a} == 'it''s') && (7 != ${b})"),
    ] {
        let read = |text: &str| condition::parse(text, &Place::itself(text));
        assert_eq!(read(text), read(same), "{text}");
        assert!(read(text).is_ok());
    }
    for (text, column) in [
        ("!${a} == ${b}", 6),
        ("${a} = ${b}", 5),
        ("site.routing == 'bgp'", 0),
        ("(${a} && ${b}", 13),
        ("${a} == 'x", 8),
        ("", 0),
    ] {
        let error = condition::parse(text, &Place::itself(text)).unwrap_err();
        assert_eq!(error.at.start, column, "{text}: {error:?}");
    }
    let deep = format!("{}${{a}}{}", "(".repeat(500), ")".repeat(500));
    assert!(condition::parse(&deep, &Place::itself(&deep)).is_err());
}
