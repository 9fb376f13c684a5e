//! Lists in the stored document: what the index of distinct values does not know, such as order,
//! repetition and null.

use sea_query::{BinOper, Expr, ExprTrait, Func, Query};

use super::condition::{call, only_when, truth};
use crate::descriptor::IndexKind;
use crate::store::sql::{column, name};

/// A place in the `data` column.
pub(super) struct Document {
    path: String,
}

impl Document {
    /// The place under these keys. They are constants of the program, quoted and escaped like JSON.
    pub(super) fn at(keys: &[&str]) -> Self {
        let mut path = String::from("$");
        for key in keys {
            path.push('.');
            path.push_str(&serde_json::Value::from(*key).to_string());
        }
        Self { path }
    }

    fn arguments(&self) -> [Expr; 2] {
        [column("data"), Expr::Constant(self.path.as_str().into())]
    }

    fn kind(&self) -> Expr {
        call("json_type", self.arguments())
    }

    /// Null or absent, or neither.
    pub(super) fn is_null(&self, null: bool) -> Expr {
        let json_null = || Expr::Constant("null".into());
        let kind: Expr = Func::coalesce([self.kind(), json_null()]).into();
        if null { kind.eq(json_null()) } else { kind.ne(json_null()) }
    }

    pub(super) fn is_list(&self) -> Expr {
        self.kind().eq(Expr::Constant("array".into()))
    }

    /// Something about the list; NULL without one.
    pub(super) fn when_list(&self, then: Expr) -> Expr {
        only_when(self.is_list(), then)
    }

    /// The JSON text of a list.
    pub(super) fn json(&self) -> Expr {
        call("json_extract", self.arguments())
    }

    pub(super) fn length(&self) -> Expr {
        call("json_array_length", self.arguments())
    }

    /// Whether some element passes, which is a condition on [`Document::element`].
    pub(super) fn some_element(&self, passes: Expr) -> Expr {
        Expr::exists(self.elements().and_where(passes).to_owned())
    }

    fn elements(&self) -> sea_query::SelectStatement {
        let each = Func::cust(name("json_each")).args(self.arguments());
        Query::select().expr(Expr::Constant(1.into())).from_function(each, name("e")).to_owned()
    }

    /// The element at hand, as an index of this kind would hold it.
    pub(super) fn element(kind: IndexKind) -> Expr {
        let value = Expr::col((name("e"), name("value")));
        if kind == IndexKind::DateTime { call("ss_micros", [value]) } else { value }
    }

    /// Whether the list is one of the lists in a JSON text: as long, and nowhere different.
    pub(super) fn equals_one_of(&self, lists: Expr, kind: IndexKind) -> Expr {
        let concat = || BinOper::Custom("||");
        let candidate = || Expr::col((name("o"), name("value")));
        let key = Expr::col((name("e"), name("key")));
        let bracket = |text: &str| Expr::Constant(text.into());
        let path = bracket("$[").binary(concat(), key).binary(concat(), bracket("]"));
        let differs = BinOper::Custom("IS DISTINCT FROM");
        let different = Self::element(kind).binary(differs, call("json_extract", [candidate(), path]));
        let same_length = call("json_array_length", [candidate()]).eq(self.length());
        let each = Func::cust(name("json_each")).arg(lists);
        let found = Query::select()
            .expr(truth(true))
            .from_function(each, name("o"))
            .and_where(same_length)
            .and_where(self.some_element(different).not())
            .to_owned();
        Expr::exists(found)
    }
}
