///The indexed fields of [`User`].
#[allow(dead_code, missing_docs)]
pub struct UserColumns {}
///The resources of type [`User`].
#[allow(dead_code)]
pub struct UserRepository(::specstar::__private::Repository<User>);
const _: () = {
    #[allow(unused_imports)]
    use ::specstar::__private as __specstar;
    #[automatically_derived]
    impl __specstar::Resource for User {
        const ID: __specstar::Identity = __specstar::Identity::new(
            "user",
            ::core::concat!(::core::module_path!(), "::", "User"),
            "User",
        );
        const DESCRIPTOR: &'static __specstar::ResourceDescriptor = &__specstar::ResourceDescriptor {
            schema_version: ::core::option::Option::Some("v4"),
            older_versions: &[
                ::core::option::Option::None,
                ::core::option::Option::Some("v1"),
                ::core::option::Option::Some("v2"),
                ::core::option::Option::Some("v3"),
            ],
            on_decode_error: ::core::option::Option::Some(
                __specstar::OnDecodeError::Raw,
            ),
            fields: &[__specstar::FieldDescriptor::typed("name", "String")],
            ..__specstar::ResourceDescriptor::named(<Self as __specstar::Resource>::ID)
        };
        const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry {
            descriptor: <Self as __specstar::Resource>::DESCRIPTOR,
            prepare: |body| __specstar::prepare_validated::<User>(body, check_user),
            schemas: __specstar::schemas::<User>,
            policy: __specstar::Policy::NONE,
            migrations: &[
                |data| {
                    let value = __specstar::older::<old::UserV1>(data)?;
                    let value = __specstar::newer::<old::UserV1, User>(value)?;
                    __specstar::migrated_validated::<User>(&value, check_user)
                },
                |data| {
                    let value = __specstar::older::<old::UserV1>(data)?;
                    let value = __specstar::newer::<old::UserV1, User>(value)?;
                    __specstar::migrated_validated::<User>(&value, check_user)
                },
                |data| {
                    let value = __specstar::older::<UserV2>(data)?;
                    let value = __specstar::newer::<UserV2, User>(value)?;
                    __specstar::migrated_validated::<User>(&value, check_user)
                },
                |data| {
                    let value = __specstar::older::<User>(data)?;
                    __specstar::migrated_validated::<User>(&value, check_user)
                },
            ],
        };
    }
    impl User {
        /// Typed handles of the indexed fields.
        #[allow(dead_code)]
        pub const COLUMNS: UserColumns = UserColumns {};
    }
    #[allow(dead_code)]
    impl UserRepository {
        /// The repository of this application.
        pub fn of(app: &__specstar::App) -> Self {
            Self(__specstar::Repository::of(app))
        }
    }
    #[automatically_derived]
    impl ::core::clone::Clone for UserRepository {
        fn clone(&self) -> Self {
            Self(::core::clone::Clone::clone(&self.0))
        }
    }
    #[automatically_derived]
    impl ::core::ops::Deref for UserRepository {
        type Target = __specstar::Repository<User>;
        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<__specstar::Repository<User>> for UserRepository {
        fn from(repository: __specstar::Repository<User>) -> Self {
            Self(repository)
        }
    }
};
