use super::Value::{
    self, Array, Bool, Bytes, Decimal, F32, F64, I8, I16, I32, I64, Short, Table, Text, Timestamp, U8, U16, U32, Void,
};

#[test]
fn values_are_written_as_javascript_writes_them() {
    for (value, text) in [
        (Bool(false), "false"),
        (I8(-3), "-3"),
        (U8(255), "255"),
        (I16(-300), "-300"),
        (U16(65535), "65535"),
        (I32(i32::MIN), "-2147483648"),
        (U32(u32::MAX), "4294967295"),
        (I64(-1), "-1"),
        (Timestamp(1_700_000_000), "1700000000"),
        (F32(1.5), "1.5"),
        (F64(-0.25), "-0.25"),
        (F64(3.0), "3"),
        (F64(-0.0), "0"),
        (F64(1e21), "1e+21"),
        (F64(1e20), "100000000000000000000"),
        (F64(-1.5e-7), "-1.5e-7"),
        (F64(1e-6), "0.000001"),
        (F64(f64::NAN), "NaN"),
        (F64(f64::NEG_INFINITY), "-Infinity"),
        (Decimal(2, 150), "1.5"),
        (Short("s".into()), "s"),
        (Text(b"a\xFF".to_vec()), "a\u{fffd}"),
        (Bytes(b"b".to_vec()), "b"),
        (Array(vec![I32(-1), Void, Value::text("x")]), "-1,,x"),
        (Table(Vec::new()), "[object Object]"),
        (Void, "null"),
    ] {
        assert_eq!(value.to_text(), text, "{value:?}");
    }
}
