use proptest::prelude::*;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};
use utoipa::{PartialSchema, ToSchema};

use super::*;

fn printed(text: &str) -> Option<String> {
    DateTime::parse(text).map(|time| time.to_string())
}

#[test]
fn values_come_back_as_they_were_sent() {
    for text in [
        "2024-01-02T03:04:05Z",
        "2024-01-02T03:04:05",
        "2024-01-02T03:04:05+02:00",
        "2024-01-02T03:04:05.100000-11:30",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59.999999-23:59",
        "2024-02-29T00:00:00.000001Z",
    ] {
        assert_eq!(printed(text).as_deref(), Some(text));
    }
}

#[test]
fn other_spellings_become_one() {
    let becomes = |text: &str, expected: &str| assert_eq!(printed(text).as_deref(), Some(expected));
    becomes("2024-01-02 03:04:05z", "2024-01-02T03:04:05Z");
    becomes("2024-01-02t03:04:05.000+00:00", "2024-01-02T03:04:05Z");
    becomes("2024-01-02T03:04:05-00:00", "2024-01-02T03:04:05Z");
    becomes("2024-01-02T03:04:05.5", "2024-01-02T03:04:05.500000");
    becomes("2024-01-02T03:04:05.1234564Z", "2024-01-02T03:04:05.123456Z");
    becomes("2024-01-02T03:04:05.1234565Z", "2024-01-02T03:04:05.123457Z");
    becomes("2024-02-28T23:59:59.9999999+01:00", "2024-02-29T00:00:00+01:00");
    becomes("2024-01-02T03:04:05.12345649999999999999Z", "2024-01-02T03:04:05.123456Z");
}

#[test]
fn everything_else_is_refused() {
    for text in [
        "",
        "yesterday",
        "2024-01-02",
        "2024-01-02T",
        "2024-01-02T03:04",
        "2024-01-02T03:04Z",
        "2024-01-02T03:04:05.",
        "2024-01-02T03:04:05.Z",
        "2024-01-02T03:04:05+02",
        "2024-01-02T03:04:05+0200",
        "2024-01-02T03:04:05+24:00",
        "2024-01-02T03:04:05+02:60",
        "2024-01-02T24:00:00Z",
        "2024-01-02T03:60:00Z",
        "2024-01-02T23:59:60Z",
        "2023-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "9999-12-31T23:59:59.9999995Z",
        "2024-1-2T03:04:05Z",
        "2024-01-02_03:04:05Z",
        " 2024-01-02T03:04:05Z",
        "2024-01-02T03:04:05Z ",
        "2024-01-02T03:04:05 Z",
        "+024-01-02T03:04:05Z",
        "２024-01-02T03:04:05Z",
    ] {
        assert_eq!(printed(text), None, "{text}");
    }
}

#[test]
fn iso_texts_of_queries() {
    let day = 86_400_000_000;
    let hour = 3_600_000_000;
    for (text, micros) in [
        ("1970-01-02", day),
        ("1970-01-02T01:00", day + hour),
        ("1970-01-02 01:00:00", day + hour),
        ("1970-01-02T01:00:00.5", day + hour + 500_000),
        ("1970-01-02T01:00:00.000001Z", day + hour + 1),
        ("1970-01-02T01:00+01", day),
        ("1970-01-02T01:00-01:30", day + 2 * hour + hour / 2),
    ] {
        assert_eq!(parse_iso_micros(text), Some(micros), "{text}");
        assert_eq!(Timestamp::parse(text), Some(Timestamp(micros)), "{text}");
    }
    for text in ["bad", "12:00", "1970-01-02Z", "1970-01-02T01", "1970-01-02T01:00:00.", "1970-01"] {
        assert_eq!(parse_iso_micros(text), None, "{text}");
        assert_eq!(Timestamp::parse(text), None, "{text}");
    }
    assert_eq!(parse_iso_micros("1970-01-01T00:00:00.1234567Z"), None);
    assert_eq!(Timestamp::parse("1970-01-01T00:00:00.1234567Z"), Some(Timestamp(123_457)));
    assert_eq!("1970-01-01".parse(), Ok(Timestamp(0)));
    assert_eq!("x".parse::<Timestamp>(), Err(ParseError));
}

#[test]
fn equality_is_of_text_and_order_of_instants() {
    let time = |text: &str| text.parse::<DateTime>().unwrap();
    let mut times = [
        time("2024-01-01T12:00:00Z"),
        time("2024-01-01T12:00:00+02:00"),
        time("2024-01-01T12:00:00"),
        time("2024-01-01T10:00:00Z"),
        time("2024-01-01T11:59:59.999999"),
    ];
    times.sort();
    let texts: Vec<_> = times.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "2024-01-01T10:00:00Z",
            "2024-01-01T12:00:00+02:00",
            "2024-01-01T11:59:59.999999",
            "2024-01-01T12:00:00",
            "2024-01-01T12:00:00Z"
        ]
    );
    assert_ne!(times[0], times[1]);
    assert_eq!(times[0].instant(), times[1].instant());
    assert_eq!(time("2024-01-01T12:00:00+00:00"), time("2024-01-01T12:00:00Z"));
    let offsets: Vec<_> = times.iter().map(|time| time.offset_minutes()).collect();
    assert_eq!(offsets, [Some(0), Some(120), None, None, Some(0)]);
}

#[test]
fn serde_takes_text_only() {
    let time: DateTime = serde_json::from_str("\"2024-01-02T03:04:05+02:00\"").unwrap();
    assert_eq!(serde_json::to_string(&time).unwrap(), "\"2024-01-02T03:04:05+02:00\"");
    let error = |json: &str| serde_json::from_str::<DateTime>(json).unwrap_err().to_string();
    assert!(error("1704164645").contains("expected an RFC 3339 date-time"));
    assert!(error("\"yesterday\"").contains("expected an RFC 3339 date-time"));
    assert!(serde_json::from_str::<Option<DateTime>>("null").unwrap().is_none());
    assert_eq!(serde_json::to_string(&Timestamp(0)).unwrap(), "\"1970-01-01T00:00:00Z\"");
}

#[test]
fn a_field_is_a_string_of_format_date_time() {
    #[allow(dead_code)]
    #[derive(ToSchema)]
    struct Event {
        at: DateTime,
        until: Option<DateTime>,
        others: Vec<DateTime>,
        maybe: Option<Vec<DateTime>>,
    }
    let schema = serde_json::to_value(DateTime::schema()).unwrap();
    assert_eq!(schema, serde_json::json!({"type": "string", "format": "date-time"}));
    let mut schemas = Vec::new();
    Event::schemas(&mut schemas);
    assert!(schemas.iter().all(|(name, schema)| {
        name == "DateTime" && serde_json::to_value(schema).unwrap()["format"] == "date-time"
    }));
    let event = serde_json::to_value(Event::schema()).unwrap();
    assert_eq!(event["properties"]["at"]["$ref"], "#/components/schemas/DateTime");
    assert_eq!(event["required"], serde_json::json!(["at", "others"]));
}

#[test]
fn the_time_crate_is_understood() {
    let parsed = OffsetDateTime::parse("2024-01-02T03:04:05.9999995+02:00", &Rfc3339).unwrap();
    let time = DateTime::try_from(parsed).unwrap();
    assert_eq!(time.to_string(), "2024-01-02T03:04:06+02:00");
    assert_eq!(OffsetDateTime::from(time).format(&Rfc3339).unwrap(), "2024-01-02T03:04:06+02:00");
    let naive = PrimitiveDateTime::new(parsed.date(), parsed.time().replace_nanosecond(0).unwrap());
    assert_eq!(DateTime::try_from(naive).unwrap().to_string(), "2024-01-02T03:04:05");
    let with_seconds = UtcOffset::from_hms(1, 0, 30).unwrap();
    assert!(DateTime::try_from(parsed.replace_offset(with_seconds)).is_err());
    assert!(DateTime::try_from(PrimitiveDateTime::MIN).is_err());
    assert!(DateTime::try_from(PrimitiveDateTime::MAX).is_err());
    for edge in ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59"] {
        let time: DateTime = edge.parse().unwrap();
        assert_eq!(DateTime::try_from(OffsetDateTime::from(time)).unwrap(), time);
    }
    assert_eq!(Timestamp::from(parsed).to_string(), "2024-01-02T01:04:05.999999Z");
}

#[test]
fn timestamps_are_written_for_every_instant() {
    let text = |micros| Timestamp(micros).to_string();
    assert_eq!(text(0), "1970-01-01T00:00:00Z");
    assert_eq!(text(-1), "1969-12-31T23:59:59.999999Z");
    assert_eq!(text(1_714_521_601_250_000), "2024-05-01T00:00:01.250000Z");
    assert_eq!(text(civil::START), "0001-01-01T00:00:00Z");
    assert_eq!(text(civil::END - 1), "9999-12-31T23:59:59.999999Z");
    assert_eq!(text(civil::END), "+010000-01-01T00:00:00Z");
    assert_eq!(text(i64::MAX), "+294247-01-10T04:00:54.775807Z");
    assert_eq!(text(i64::MIN), "-290308-12-21T19:59:05.224192Z");
    let mut out = b"\"".to_vec();
    Timestamp(0).write_to(&mut out);
    assert_eq!(out, b"\"1970-01-01T00:00:00Z");
    assert!(DateTime::try_from(Timestamp(civil::END)).is_err());
    assert_eq!(DateTime::try_from(Timestamp(0)).unwrap().to_string(), "1970-01-01T00:00:00Z");
}

#[test]
fn calendar_times_become_timestamps() {
    assert_eq!(Timestamp::from_utc(1970, 1, 1, 0, 0, 1, 1), Some(Timestamp(1_000_001)));
    assert_eq!(Timestamp::from_utc(2023, 2, 29, 0, 0, 0, 0), None);
    assert_eq!(Timestamp::from_utc(2024, 1, 1, 24, 0, 0, 0), None);
    assert_eq!(Timestamp::from_utc(2024, 1, 1, 0, 60, 0, 0), None);
    assert_eq!(Timestamp::from_utc(2024, 1, 1, 0, 0, 0, 1_000_000), None);
    assert_eq!(Timestamp::from_utc(0, 1, 1, 0, 0, 0, 0), None);
}

#[test]
fn now_is_now() {
    let before = SystemTime::now().into();
    let now = Timestamp::now();
    assert!(now >= before);
    assert!(DateTime::now().instant() >= now);
}

proptest! {
    #[test]
    fn date_times_round_trip(local in civil::START..civil::END, minutes in prop::option::of(-1439_i16..=1439)) {
        let offset = match minutes {
            Some(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
            None => String::new(),
        };
        let text = format!("{}{offset}", Timestamp(local).to_string().trim_end_matches('Z'));
        let time: DateTime = text.parse().unwrap();
        prop_assert_eq!(time.to_string(), text.replace("+00:00", "Z"));
        prop_assert_eq!(time.to_string().parse(), Ok(time));
        prop_assert_eq!(time.instant().0, local - i64::from(minutes.unwrap_or(0)) * 60_000_000);
        prop_assert_eq!(serde_json::from_slice::<DateTime>(&serde_json::to_vec(&time).unwrap()).unwrap(), time);
        if minutes.is_some() {
            prop_assert_eq!(DateTime::try_from(OffsetDateTime::from(time)), Ok(time));
        }
    }

    #[test]
    fn timestamps_agree_with_the_time_crate(micros in civil::START..civil::END) {
        let expected = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap();
        prop_assert_eq!(Timestamp::from(expected), Timestamp(micros));
        let read = OffsetDateTime::parse(&Timestamp(micros).to_string(), &Rfc3339).unwrap();
        prop_assert_eq!(read, expected);
        prop_assert_eq!(parse_iso_micros(&Timestamp(micros).to_string()), Some(micros));
    }

    #[test]
    fn no_text_panics(text in "[0-9:TZ +.-]{0,40}") {
        let _ = (DateTime::parse(&text), Timestamp::parse(&text), parse_iso_micros(&text));
    }
}
