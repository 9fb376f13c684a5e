::core::compile_error! {
    "unknown key `nmae`; did you mean `name`? known keys: name, schema, migrate, id, default_status, unknown_fields, on_decode_error, unique, validate, permission, scope, openapi, crate"
}
::core::compile_error! {
    "`created_by` is part of every resource's metadata and cannot be a data field; rename it or use `#[serde(rename = …)]` and a different Rust name"
}
const _: () = {
    #[allow(unused_imports)]
    use ::specstar::__private as __specstar;
    #[automatically_derived]
    impl __specstar::Resource for User {
        const ID: __specstar::Identity = __specstar::Identity::REJECTED;
        const DESCRIPTOR: &'static __specstar::ResourceDescriptor = &__specstar::ResourceDescriptor::named(
            __specstar::Identity::REJECTED,
        );
        const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry::rejected(
            <Self as __specstar::Resource>::DESCRIPTOR,
        );
    }
};
#[allow(dead_code, missing_docs)]
pub struct UserColumns {
    pub name: ::specstar::__private::Column<User, String>,
    created_by: ::specstar::__private::Column<User, String>,
}
#[allow(dead_code, missing_docs)]
pub struct UserRepository(::specstar::__private::Repository<User>);
#[allow(dead_code, missing_docs)]
impl User {
    pub const COLUMNS: UserColumns = UserColumns {
        name: ::specstar::__private::Column::new(0),
        created_by: ::specstar::__private::Column::new(0),
    };
}
#[allow(dead_code, missing_docs)]
impl UserRepository {
    pub fn of(app: &::specstar::__private::App) -> Self {
        Self(::specstar::__private::Repository::of(app))
    }
    pub fn find_by_created_by<T>(
        &self,
        _: T,
    ) -> ::specstar::__private::FindUnique<'_, User> {
        ::specstar::__private::FindUnique::new(&self.0, 0, [])
    }
}
impl ::core::ops::Deref for UserRepository {
    type Target = ::specstar::__private::Repository<User>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
