//! Every index is a column.

use specstar::prelude::*;

#[derive(Serialize, Deserialize, ToSchema, Resource)]
struct Wide {
    #[indexed]
    f0: i64,
    #[indexed]
    f1: i64,
    #[indexed]
    f2: i64,
    #[indexed]
    f3: i64,
    #[indexed]
    f4: i64,
    #[indexed]
    f5: i64,
    #[indexed]
    f6: i64,
    #[indexed]
    f7: i64,
    #[indexed]
    f8: i64,
    #[indexed]
    f9: i64,
    #[indexed]
    f10: i64,
    #[indexed]
    f11: i64,
    #[indexed]
    f12: i64,
    #[indexed]
    f13: i64,
    #[indexed]
    f14: i64,
    #[indexed]
    f15: i64,
    #[indexed]
    f16: i64,
    #[indexed]
    f17: i64,
    #[indexed]
    f18: i64,
    #[indexed]
    f19: i64,
    #[indexed]
    f20: i64,
    #[indexed]
    f21: i64,
    #[indexed]
    f22: i64,
    #[indexed]
    f23: i64,
    #[indexed]
    f24: i64,
    #[indexed]
    f25: i64,
    #[indexed]
    f26: i64,
    #[indexed]
    f27: i64,
    #[indexed]
    f28: i64,
    #[indexed]
    f29: i64,
    #[indexed]
    f30: i64,
    #[indexed]
    f31: i64,
    #[indexed]
    f32: i64,
    #[indexed]
    f33: i64,
    #[indexed]
    f34: i64,
    #[indexed]
    f35: i64,
    #[indexed]
    f36: i64,
    #[indexed]
    f37: i64,
    #[indexed]
    f38: i64,
    #[indexed]
    f39: i64,
    #[indexed]
    f40: i64,
    #[indexed]
    f41: i64,
    #[indexed]
    f42: i64,
    #[indexed]
    f43: i64,
    #[indexed]
    f44: i64,
    #[indexed]
    f45: i64,
    #[indexed]
    f46: i64,
    #[indexed]
    f47: i64,
    #[indexed]
    f48: i64,
    #[indexed]
    f49: i64,
    #[indexed]
    f50: i64,
    #[indexed]
    f51: i64,
    #[indexed]
    f52: i64,
    #[indexed]
    f53: i64,
    #[indexed]
    f54: i64,
    #[indexed]
    f55: i64,
    #[indexed]
    f56: i64,
    #[indexed]
    f57: i64,
    #[indexed]
    f58: i64,
    #[indexed]
    f59: i64,
    #[indexed]
    f60: i64,
    #[indexed]
    f61: i64,
    #[indexed]
    f62: i64,
    #[indexed]
    f63: i64,
    #[indexed]
    f64: i64,
}

fn main() {}
