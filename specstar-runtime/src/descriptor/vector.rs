//! Vectors: how they are declared, and how the distance between two of them is measured.

/// What `#[vector(…)]` says of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VectorDescriptor {
    /// How many numbers each vector has.
    pub dim: usize,
    /// `metric = "…"`; a query names one anyway.
    pub metric: Option<Metric>,
    /// `encoder = "…"`: what turns a text into such a vector.
    pub encoder: Option<&'static str>,
    /// The field is an [`Embedding`](crate::vector::Embedding), and this its `vector`.
    pub embedding: bool,
    /// The length of an array, which has to be [`dim`](Self::dim).
    pub array: Option<usize>,
}

impl VectorDescriptor {
    /// A list of so many numbers, with nothing else said.
    pub const fn new(dim: usize) -> Self {
        Self { dim, metric: None, encoder: None, embedding: false, array: None }
    }

    /// With a declared metric.
    #[must_use]
    pub const fn measured_by(mut self, metric: Metric) -> Self {
        self.metric = Some(metric);
        self
    }

    /// With an encoder for texts.
    #[must_use]
    pub const fn encoded_by(mut self, encoder: &'static str) -> Self {
        self.encoder = Some(encoder);
        self
    }
}

/// How far apart two vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// One minus the cosine of the angle between them; 1 when one of them is zero.
    Cosine,
    /// The Euclidean distance.
    L2,
    /// The negative inner product.
    Ip,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 3] = [Self::Cosine, Self::L2, Self::Ip];

    /// The name on the wire, in attributes and of the method of a query.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::L2 => "l2",
            Self::Ip => "ip",
        }
    }

    /// A call of the method, in messages.
    pub(crate) const fn form(self) -> &'static str {
        match self {
            Self::Cosine => "cosine()",
            Self::L2 => "l2()",
            Self::Ip => "ip()",
        }
    }

    /// The metric of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name)
    }

    /// The distance between two vectors, in double precision. `None` when they differ in length, and where
    /// numbers near the end of the range leave it undefined.
    ///
    /// ```
    /// use specstar_runtime::descriptor::Metric;
    /// assert_eq!(Metric::L2.distance(&[0.0, 0.0], &[3.0, 4.0]), Some(5.0));
    /// assert_eq!(Metric::Ip.distance(&[1.0, 2.0], &[3.0, 4.0]), Some(-11.0));
    /// assert_eq!(Metric::Cosine.distance(&[0.0, 0.0], &[3.0, 4.0]), Some(1.0));
    /// assert_eq!(Metric::L2.distance(&[0.0], &[3.0, 4.0]), None);
    /// ```
    pub fn distance(self, a: &[f64], b: &[f64]) -> Option<f64> {
        if a.len() != b.len() {
            return None;
        }
        let distance = match self {
            Self::Cosine => 1.0 - cosine(a, b),
            Self::L2 => a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
            Self::Ip => -inner(a, b),
        };
        (!distance.is_nan()).then_some(distance)
    }
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A zero vector has no direction; it counts as at a right angle to every other.
fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let lengths = inner(a, a).sqrt() * inner(b, b).sqrt();
    if lengths == 0.0 { 0.0 } else { inner(a, b) / lengths }
}
