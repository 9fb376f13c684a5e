///The indexed fields of [`User`].
#[allow(dead_code, missing_docs)]
pub struct UserColumns {
    email: ::specstar::__private::Column<User, String>,
    age: ::specstar::__private::Column<User, u32>,
}
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
            docs: "Somebody who can log in.",
            fields: &[
                __specstar::FieldDescriptor::typed("name", "String"),
                __specstar::FieldDescriptor::typed("email", "String"),
                __specstar::FieldDescriptor::typed("age", "u32"),
            ],
            indexes: &[
                __specstar::IndexDescriptor::unique::<String>("email", &["email"]),
                __specstar::IndexDescriptor::of::<u32>("age", &["age"]),
            ],
            uniques: &[__specstar::UniqueDescriptor::new(&[0usize])],
            ..__specstar::ResourceDescriptor::named(<Self as __specstar::Resource>::ID)
        };
        const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry {
            descriptor: <Self as __specstar::Resource>::DESCRIPTOR,
            prepare: __specstar::prepare::<User>,
            schemas: __specstar::schemas::<User>,
            policy: __specstar::Policy::NONE,
            migrations: &[],
        };
    }
    impl User {
        /// Typed handles of the indexed fields.
        #[allow(dead_code)]
        pub const COLUMNS: UserColumns = UserColumns {
            email: __specstar::Column::new(0usize),
            age: __specstar::Column::new(1usize),
        };
    }
    #[allow(dead_code)]
    impl UserRepository {
        /// The repository of this application.
        pub fn of(app: &__specstar::App) -> Self {
            Self(__specstar::Repository::of(app))
        }
        ///The live resource with this `email`.
        pub fn find_by_email(
            &self,
            email_value: impl __specstar::Operand<String>,
        ) -> __specstar::FindUnique<'_, User> {
            __specstar::FindUnique::new(
                &self.0,
                0usize,
                [__specstar::Operand::into_literal(email_value)],
            )
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
