#[allow(clippy::unused_async, clippy::unnecessary_wraps, clippy::needless_pass_by_value)]
/// Imports a hero from a page.
pub async fn import_url(
    cx: ActionContext,
    Json(body): Json<import::Body>,
) -> Result<Option<Hero>> {
    fetch(cx, body).await
}
///The action of the function [`import_url`](fn@import_url), for `resources![…]`.
#[allow(non_camel_case_types)]
pub enum import_url {}
#[allow(non_camel_case_types, deprecated)]
const _: () = {
    #[allow(unused_imports)]
    use ::specstar::__private as __specstar;
    type __Resource = Hero;
    type __T0 = ActionContext;
    type __T1 = Json<import::Body>;
    struct __Names<cx, body>(::core::marker::PhantomData<(cx, body)>);
    impl<cx, body> __Names<cx, body> {
        const A0: __specstar::Argument<__T0> = __specstar::Argument::<
            __T0,
        >::of_create::<cx, __Resource>();
        const A1: __specstar::Argument<__T1> = __specstar::Argument::<
            __T1,
        >::of_create::<body, __Resource>();
    }
    const __OUTCOME: __specstar::Outcome<Result<Option<Hero>>> = __specstar::Outcome::<
        Result<Option<Hero>>,
    >::of::<__Resource>();
    const __ARGUMENTS: &[__specstar::ArgumentEntry] = &[
        <__Names<(), ()>>::A0.entry,
        <__Names<(), ()>>::A1.entry,
    ];
    const __ID: &__specstar::Identity = &<Hero as __specstar::Resource>::ID;
    const _: () = __specstar::require_free(
        __ID,
        __specstar::ActionKind::Create,
        "import-url",
    );
    const _: () = __specstar::require_arguments(__ARGUMENTS, "import-url");
    #[automatically_derived]
    impl __specstar::Action for import_url {
        const ACTION: __specstar::ActionEntry = __specstar::ActionEntry {
            resource: __ID,
            kind: __specstar::ActionKind::Create,
            name: "import_url",
            path: "import-url",
            label: "Import from URL",
            docs: "Imports a hero from a page.",
            runs: __specstar::ActionRuns::InRequest,
            optional: __OUTCOME.optional,
            arguments: __ARGUMENTS,
            run: |input| __specstar::boxed(async move {
                let __a0 = (<__Names<(), ()>>::A0.extract)(&input)?;
                let __a1 = (<__Names<(), ()>>::A1.extract)(&input)?;
                (__OUTCOME.encode)(import_url(__a0, __a1).await)
            }),
        };
    }
};
#[allow(clippy::unused_async, clippy::unnecessary_wraps, clippy::needless_pass_by_value)]
fn grant(existing: Existing<shop::Hero>, _: Path<String>) -> Result<shop::Hero> {
    Ok(existing.data)
}
///The action of the function [`grant`](fn@grant), for `resources![…]`.
#[allow(non_camel_case_types)]
enum grant {}
#[allow(non_camel_case_types, deprecated)]
const _: () = {
    #[allow(unused_imports)]
    use crate::renamed::__private as __specstar;
    type __Resource = shop::Hero;
    type __T0 = Existing<shop::Hero>;
    type __T1 = Path<String>;
    struct __Names<existing, argument_1>(
        ::core::marker::PhantomData<(existing, argument_1)>,
    );
    impl<existing, argument_1> __Names<existing, argument_1> {
        const A0: __specstar::Argument<__T0> = __specstar::Argument::<
            __T0,
        >::of_update::<existing, __Resource>();
        const A1: __specstar::Argument<__T1> = __specstar::Argument::<
            __T1,
        >::of_update::<argument_1, __Resource>();
    }
    const __OUTCOME: __specstar::Outcome<Result<shop::Hero>> = __specstar::Outcome::<
        Result<shop::Hero>,
    >::of::<__Resource>();
    const __ARGUMENTS: &[__specstar::ArgumentEntry] = &[
        <__Names<(), ()>>::A0.entry,
        <__Names<(), ()>>::A1.entry,
    ];
    const __ID: &__specstar::Identity = &<shop::Hero as __specstar::Resource>::ID;
    const _: () = __specstar::require_free(
        __ID,
        __specstar::ActionKind::Update(__specstar::Mode::Modify),
        "grant/{skill}",
    );
    const _: () = __specstar::require_arguments(__ARGUMENTS, "grant/{skill}");
    #[automatically_derived]
    impl __specstar::Action for grant {
        const ACTION: __specstar::ActionEntry = __specstar::ActionEntry {
            resource: __ID,
            kind: __specstar::ActionKind::Update(__specstar::Mode::Modify),
            name: "grant",
            path: "grant/{skill}",
            label: "Grant",
            docs: "",
            runs: __specstar::ActionRuns::InRequest,
            optional: __OUTCOME.optional,
            arguments: __ARGUMENTS,
            run: |input| __specstar::boxed(async move {
                let __a0 = (<__Names<(), ()>>::A0.extract)(&input)?;
                let __a1 = (<__Names<(), ()>>::A1.extract)(&input)?;
                (__OUTCOME.encode)(grant(__a0, __a1))
            }),
        };
    }
};
#[allow(clippy::unused_async, clippy::unnecessary_wraps, clippy::needless_pass_by_value)]
async fn later(existing: Existing<Hero>) -> Result<Hero> {
    Ok(existing.data)
}
///The action of the function [`later`](fn@later), for `resources![…]`.
#[allow(non_camel_case_types)]
enum later {}
#[allow(non_camel_case_types, deprecated)]
const _: () = {
    #[allow(unused_imports)]
    use ::specstar::__private as __specstar;
    type __Resource = Hero;
    type __T0 = Existing<Hero>;
    struct __Names<existing>(::core::marker::PhantomData<(existing,)>);
    impl<existing> __Names<existing> {
        const A0: __specstar::Argument<__T0> = __specstar::Argument::<
            __T0,
        >::of_update::<existing, __Resource>();
    }
    const __OUTCOME: __specstar::Outcome<Result<Hero>> = __specstar::Outcome::<
        Result<Hero>,
    >::of::<__Resource>();
    const __ARGUMENTS: &[__specstar::ArgumentEntry] = &[<__Names<()>>::A0.entry];
    const __ID: &__specstar::Identity = &<Hero as __specstar::Resource>::ID;
    const _: () = __specstar::require_free(
        __ID,
        __specstar::ActionKind::Update(__specstar::Mode::Update),
        "later",
    );
    const _: () = __specstar::require_arguments(__ARGUMENTS, "later");
    #[automatically_derived]
    impl __specstar::AsyncAction for later {
        const JOB: __specstar::Identity = __specstar::Identity::new(
            "later-job",
            ::core::concat!(::core::module_path!(), "::", "later", "::job"),
            "LaterJob",
        );
    }
    #[automatically_derived]
    impl __specstar::Action for later {
        const ACTION: __specstar::ActionEntry = __specstar::ActionEntry {
            resource: __ID,
            kind: __specstar::ActionKind::Update(__specstar::Mode::Update),
            name: "later",
            path: "later",
            label: "Later",
            docs: "",
            runs: __specstar::ActionRuns::AsJob(
                <__specstar::ActionCall<later> as __specstar::JobPayload>::ENTRY,
            ),
            optional: __OUTCOME.optional,
            arguments: __ARGUMENTS,
            run: |input| __specstar::boxed(async move {
                let __a0 = (<__Names<()>>::A0.extract)(&input)?;
                (__OUTCOME.encode)(later(__a0).await)
            }),
        };
    }
};
