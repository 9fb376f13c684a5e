const _: () = {
    use ::specstar::__private as __specstar;
    #[automatically_derived]
    impl __specstar::IndexKey for Stage {
        type Family = __specstar::Text;
        fn to_index_value(&self) -> __specstar::IndexValue {
            __specstar::text_value(
                match self {
                    Self::VeryYoung => "very_young",
                    Self::Aged => "old",
                },
            )
        }
    }
    #[automatically_derived]
    impl __specstar::IndexField for Stage {
        type Scalar = Self;
    }
    #[automatically_derived]
    impl __specstar::UniqueField for Stage {
        type Value = Self;
        type Equality = __specstar::Exact;
    }
};
///The indexed fields of [`Hero`].
#[allow(dead_code, missing_docs)]
pub(crate) struct HeroColumns {
    pub full_name: crate::renamed::__private::Column<Hero, String>,
    pub zone_id: crate::renamed::__private::Column<Hero, Option<Ref<Zone>>>,
    pets: crate::renamed::__private::Column<Hero, Vec<String>>,
    nick_name: crate::renamed::__private::Column<Hero, Option<String>>,
    home_city: crate::renamed::__private::Column<Hero, String>,
    r#type: crate::renamed::__private::Column<Hero, Stage>,
    key_words: crate::renamed::__private::Column<Hero, Vec<String>>,
    summary: crate::renamed::__private::Column<Hero, Embedding>,
    leader: crate::renamed::__private::Column<Hero, Option<bool>>,
}
///The resources of type [`Hero`].
#[allow(dead_code)]
pub(crate) struct HeroRepository(crate::renamed::__private::Repository<Hero>);
const _: () = {
    #[allow(unused_imports)]
    use crate::renamed::__private as __specstar;
    const REFERENCES: &[__specstar::ReferenceDescriptor] = &[
        __specstar::ReferenceDescriptor::of::<
            Option<Ref<Zone>>,
        >("zoneId", 1usize, __specstar::OnDelete::SetNull),
        __specstar::ReferenceDescriptor::to::<
            Hero,
            Vec<String>,
        >("pets", 2usize, __specstar::OnDelete::Cascade)
            .unvalidated(),
        __specstar::ReferenceDescriptor::revision_of::<
            Option<RevisionRef<Zone>>,
        >("zoneRev"),
    ];
    #[automatically_derived]
    impl __specstar::Resource for Hero {
        const ID: __specstar::Identity = __specstar::Identity::new(
            "heroes",
            ::core::concat!(::core::module_path!(), "::", "Hero"),
            "Hero",
        );
        const DESCRIPTOR: &'static __specstar::ResourceDescriptor = &__specstar::ResourceDescriptor {
            docs: "A hero.",
            schema_version: ::core::option::Option::Some("v3"),
            default_status: ::core::option::Option::Some(
                __specstar::RevisionStatus::Draft,
            ),
            id_generator: ::core::option::Option::Some(__specstar::IdGenerator::Ulid),
            unknown_fields: ::core::option::Option::Some(
                __specstar::UnknownFields::Ignore,
            ),
            openapi: false,
            fields: &[
                __specstar::FieldDescriptor::typed("fullName", "String"),
                __specstar::FieldDescriptor::typed("zoneId", "Option<Ref<Zone>>"),
                __specstar::FieldDescriptor::typed("pets", "Vec<String>"),
                __specstar::FieldDescriptor::typed(
                    "zoneRev",
                    "Option<RevisionRef<Zone>>",
                ),
                __specstar::FieldDescriptor::typed("nickName", "Option<String>"),
                __specstar::FieldDescriptor::typed("home", "Address"),
                __specstar::FieldDescriptor {
                    name: "score",
                    type_name: "f64",
                    aliases: &["points"],
                    readonly: true,
                },
                __specstar::FieldDescriptor::typed("type", "Stage"),
                __specstar::FieldDescriptor::typed("keyWords", "Vec<String>"),
                __specstar::FieldDescriptor::typed("summary", "Embedding"),
                __specstar::FieldDescriptor::typed("leader", "Option<bool>"),
            ],
            indexes: &[
                __specstar::IndexDescriptor::unique::<String>("fullName", &["fullName"]),
                __specstar::IndexDescriptor::unique_part::<
                    Option<Ref<Zone>>,
                >("zoneId", &["zoneId"]),
                __specstar::IndexDescriptor::reference(
                    "pets",
                    &["pets"],
                    &REFERENCES[1usize],
                ),
                __specstar::IndexDescriptor::unique_part::<
                    Option<String>,
                >("nickName", &["nickName"]),
                __specstar::IndexDescriptor::of::<String>("home.city", &["home", "city"])
                    .or_absent(),
                __specstar::IndexDescriptor::of::<Stage>("type", &["type"]).or_absent(),
                __specstar::IndexDescriptor::trigram::<
                    Vec<String>,
                >("words", &["keyWords"]),
                __specstar::IndexDescriptor::vector::<
                    Embedding,
                >(
                    "summary",
                    &["summary"],
                    &["summary", "vector"],
                    __specstar::VectorDescriptor::new(384usize)
                        .measured_by(__specstar::Metric::Cosine)
                        .encoded_by("bge-small"),
                ),
                __specstar::IndexDescriptor::unique_part::<
                    Option<bool>,
                >("leader", &["leader"]),
            ],
            uniques: &[
                __specstar::UniqueDescriptor::new(&[0usize]).ignoring_case(),
                __specstar::UniqueDescriptor::new(&[8usize]),
                __specstar::UniqueDescriptor::new(&[1usize, 3usize]).with_equal_nulls(),
            ],
            references: REFERENCES,
            display_name: ::core::option::Option::Some("fullName"),
            ..__specstar::ResourceDescriptor::named(<Self as __specstar::Resource>::ID)
        };
        const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry {
            descriptor: <Self as __specstar::Resource>::DESCRIPTOR,
            prepare: |body| __specstar::prepare_validated::<Hero>(body, check_hero),
            schemas: __specstar::no_schemas,
            policy: __specstar::Policy {
                permission: ::core::option::Option::Some(__specstar::open),
                scope: ::core::option::Option::Some(|principal, now| __specstar::scope::<
                    Hero,
                    _,
                >(scopes::own, principal, now)),
                ..__specstar::Policy::NONE
            },
            migrations: &[],
        };
    }
    impl Hero {
        /// Typed handles of the indexed fields.
        #[allow(dead_code)]
        pub(crate) const COLUMNS: HeroColumns = HeroColumns {
            full_name: __specstar::Column::new(0usize),
            zone_id: __specstar::Column::new(1usize),
            pets: __specstar::Column::new(2usize),
            nick_name: __specstar::Column::new(3usize),
            home_city: __specstar::Column::new(4usize),
            r#type: __specstar::Column::new(5usize),
            key_words: __specstar::Column::new(6usize),
            summary: __specstar::Column::new(7usize),
            leader: __specstar::Column::new(8usize),
        };
    }
    #[allow(dead_code)]
    impl HeroRepository {
        /// The repository of this application.
        pub(crate) fn of(app: &__specstar::App) -> Self {
            Self(__specstar::Repository::of(app))
        }
        ///The live resource with this `full_name`.
        pub(crate) fn find_by_full_name(
            &self,
            full_name_value: impl __specstar::Operand<String>,
        ) -> __specstar::FindUnique<'_, Hero> {
            __specstar::FindUnique::new(
                &self.0,
                0usize,
                [__specstar::Operand::into_literal(full_name_value)],
            )
        }
        ///The live resource with this `leader`.
        pub(crate) fn find_by_leader(
            &self,
            leader_value: impl __specstar::Operand<Option<bool>>,
        ) -> __specstar::FindUnique<'_, Hero> {
            __specstar::FindUnique::new(
                &self.0,
                1usize,
                [__specstar::Operand::into_literal(leader_value)],
            )
        }
        ///The live resource with this `zone_id` and `nick_name`.
        pub(crate) fn find_by_zone_id_and_nick_name(
            &self,
            zone_id_value: impl __specstar::Operand<Option<Ref<Zone>>>,
            nick_name_value: impl __specstar::Operand<Option<String>>,
        ) -> __specstar::FindUnique<'_, Hero> {
            __specstar::FindUnique::new(
                &self.0,
                2usize,
                [
                    __specstar::Operand::into_literal(zone_id_value),
                    __specstar::Operand::into_literal(nick_name_value),
                ],
            )
        }
    }
    #[automatically_derived]
    impl ::core::clone::Clone for HeroRepository {
        fn clone(&self) -> Self {
            Self(::core::clone::Clone::clone(&self.0))
        }
    }
    #[automatically_derived]
    impl ::core::ops::Deref for HeroRepository {
        type Target = __specstar::Repository<Hero>;
        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<__specstar::Repository<Hero>> for HeroRepository {
        fn from(repository: __specstar::Repository<Hero>) -> Self {
            Self(repository)
        }
    }
    const _: () = __specstar::require_text::<String>();
    const _: () = __specstar::require_display_name::<String>();
    const _: () = __specstar::require_set_null::<Option<Ref<Zone>>>();
    const _: () = __specstar::require_dim(
        <Hero as __specstar::Resource>::DESCRIPTOR,
        7usize,
    );
};
