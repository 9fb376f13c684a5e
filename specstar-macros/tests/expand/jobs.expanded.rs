///The indexed fields of jobs of [`EmailJob`].
#[allow(dead_code, missing_docs)]
pub struct EmailJobColumns {
    pub status: ::specstar::__private::Column<
        ::specstar::__private::Job<EmailJob>,
        ::specstar::__private::JobStatus,
    >,
    pub retries: ::specstar::__private::Column<
        ::specstar::__private::Job<EmailJob>,
        i64,
    >,
    pub partition_key: ::specstar::__private::Column<
        ::specstar::__private::Job<EmailJob>,
        ::core::option::Option<::std::string::String>,
    >,
    pub idempotency_key: ::specstar::__private::Column<
        ::specstar::__private::Job<EmailJob>,
        ::core::option::Option<::std::string::String>,
    >,
    pub to: ::specstar::__private::Column<::specstar::__private::Job<EmailJob>, String>,
}
const _: () = {
    #[allow(unused_imports)]
    use ::specstar::__private as __specstar;
    #[automatically_derived]
    impl __specstar::JobPayload for EmailJob {
        type Artifact = Vec<Receipt>;
        const ID: __specstar::Identity = __specstar::Identity::new(
            "email-job",
            ::core::concat!(::core::module_path!(), "::", "EmailJob"),
            "EmailJob",
        );
        const DESCRIPTOR: &'static __specstar::ResourceDescriptor = &__specstar::ResourceDescriptor {
            docs: "A mail that is to be sent.",
            fields: __specstar::JOB_FIELDS,
            indexes: &[
                __specstar::JOB_INDEXES[0usize],
                __specstar::JOB_INDEXES[1usize],
                __specstar::JOB_INDEXES[2usize],
                __specstar::JOB_INDEXES[3usize],
                __specstar::IndexDescriptor::of::<
                    String,
                >("payload.to", &["payload", "to"]),
            ],
            job: ::core::option::Option::Some(
                &__specstar::JobDescriptor {
                    queue: "mail",
                    max_attempts: 5u32,
                    backoff: __specstar::Backoff {
                        first_ms: 1000u64,
                        most_ms: 600000u64,
                    },
                    timeout_ms: ::core::option::Option::Some(30000u64),
                    priority: -1i16,
                    ..__specstar::JobDescriptor::DEFAULT
                },
            ),
            ..__specstar::ResourceDescriptor::named(<Self as __specstar::JobPayload>::ID)
        };
        const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry {
            descriptor: <Self as __specstar::JobPayload>::DESCRIPTOR,
            prepare: __specstar::prepare_job::<EmailJob>,
            schemas: __specstar::job_schemas::<EmailJob>,
            policy: __specstar::Policy::NONE,
            migrations: &[],
        };
    }
    #[automatically_derived]
    impl __specstar::Registered for EmailJob {
        const ENTRY: __specstar::ResourceEntry = <Self as __specstar::JobPayload>::ENTRY;
    }
    impl EmailJob {
        /// Typed handles of the indexed fields of its jobs.
        #[allow(dead_code)]
        pub const COLUMNS: EmailJobColumns = EmailJobColumns {
            status: __specstar::Column::new(0usize),
            retries: __specstar::Column::new(1usize),
            partition_key: __specstar::Column::new(2usize),
            idempotency_key: __specstar::Column::new(3usize),
            to: __specstar::Column::new(4usize),
        };
    }
};
///The indexed fields of jobs of [`Sweep`].
#[allow(dead_code, missing_docs)]
struct SweepColumns {
    status: ::specstar::__private::Column<
        ::specstar::__private::Job<Sweep>,
        ::specstar::__private::JobStatus,
    >,
    retries: ::specstar::__private::Column<::specstar::__private::Job<Sweep>, i64>,
    partition_key: ::specstar::__private::Column<
        ::specstar::__private::Job<Sweep>,
        ::core::option::Option<::std::string::String>,
    >,
    idempotency_key: ::specstar::__private::Column<
        ::specstar::__private::Job<Sweep>,
        ::core::option::Option<::std::string::String>,
    >,
}
const _: () = {
    #[allow(unused_imports)]
    use ::specstar::__private as __specstar;
    #[automatically_derived]
    impl __specstar::JobPayload for Sweep {
        type Artifact = ();
        const ID: __specstar::Identity = __specstar::Identity::new(
            "sweep",
            ::core::concat!(::core::module_path!(), "::", "Sweep"),
            "Sweep",
        );
        const DESCRIPTOR: &'static __specstar::ResourceDescriptor = &__specstar::ResourceDescriptor {
            fields: __specstar::JOB_FIELDS,
            indexes: &[
                __specstar::JOB_INDEXES[0usize],
                __specstar::JOB_INDEXES[1usize],
                __specstar::JOB_INDEXES[2usize],
                __specstar::JOB_INDEXES[3usize],
            ],
            job: ::core::option::Option::Some(
                &__specstar::JobDescriptor {
                    cron: ::core::option::Option::Some("0 3 * * *"),
                    ..__specstar::JobDescriptor::DEFAULT
                },
            ),
            ..__specstar::ResourceDescriptor::named(<Self as __specstar::JobPayload>::ID)
        };
        const ENTRY: __specstar::ResourceEntry = __specstar::ResourceEntry {
            descriptor: <Self as __specstar::JobPayload>::DESCRIPTOR,
            prepare: __specstar::prepare_job::<Sweep>,
            schemas: __specstar::job_schemas::<Sweep>,
            policy: __specstar::Policy::NONE,
            migrations: &[],
        };
        const PERIODIC: ::core::option::Option<fn() -> Self> = ::core::option::Option::Some(
            __specstar::default_payload::<Sweep>,
        );
    }
    #[automatically_derived]
    impl __specstar::Registered for Sweep {
        const ENTRY: __specstar::ResourceEntry = <Self as __specstar::JobPayload>::ENTRY;
    }
    impl Sweep {
        /// Typed handles of the indexed fields of its jobs.
        #[allow(dead_code)]
        const COLUMNS: SweepColumns = SweepColumns {
            status: __specstar::Column::new(0usize),
            retries: __specstar::Column::new(1usize),
            partition_key: __specstar::Column::new(2usize),
            idempotency_key: __specstar::Column::new(3usize),
        };
    }
};
#[allow(clippy::unused_async, clippy::unnecessary_wraps, clippy::needless_pass_by_value)]
async fn summon_hero(body: Json<Wish>) -> Result<Hero> {
    todo!()
}
///The action of the function [`summon_hero`](fn@summon_hero), for `resources![…]`.
#[allow(non_camel_case_types)]
enum summon_hero {}
#[allow(non_camel_case_types, deprecated)]
const _: () = {
    #[allow(unused_imports)]
    use ::specstar::__private as __specstar;
    type __Resource = Hero;
    type __T0 = Json<Wish>;
    struct __Names<body>(::core::marker::PhantomData<(body,)>);
    impl<body> __Names<body> {
        const A0: __specstar::Argument<__T0> = __specstar::Argument::<
            __T0,
        >::of_create::<body, __Resource>();
    }
    const __OUTCOME: __specstar::Outcome<Result<Hero>> = __specstar::Outcome::<
        Result<Hero>,
    >::of::<__Resource>();
    const __ARGUMENTS: &[__specstar::ArgumentEntry] = &[<__Names<()>>::A0.entry];
    const __ID: &__specstar::Identity = &<Hero as __specstar::Resource>::ID;
    const _: () = __specstar::require_free(
        __ID,
        __specstar::ActionKind::Create,
        "summon-hero",
    );
    const _: () = __specstar::require_arguments(__ARGUMENTS, "summon-hero");
    #[automatically_derived]
    impl __specstar::AsyncAction for summon_hero {
        const JOB: __specstar::Identity = __specstar::Identity::new(
            "summon-hero-job",
            ::core::concat!(::core::module_path!(), "::", "summon_hero", "::job"),
            "SummonHeroJob",
        );
    }
    #[automatically_derived]
    impl __specstar::Action for summon_hero {
        const ACTION: __specstar::ActionEntry = __specstar::ActionEntry {
            resource: __ID,
            kind: __specstar::ActionKind::Create,
            name: "summon_hero",
            path: "summon-hero",
            label: "Summon hero",
            docs: "",
            runs: __specstar::ActionRuns::AsJob(
                <__specstar::ActionCall<summon_hero> as __specstar::JobPayload>::ENTRY,
            ),
            optional: __OUTCOME.optional,
            arguments: __ARGUMENTS,
            run: |input| __specstar::boxed(async move {
                let __a0 = (<__Names<()>>::A0.extract)(&input)?;
                (__OUTCOME.encode)(summon_hero(__a0).await)
            }),
        };
    }
};
