//! The checked tree of a resource: what is written for a row, and which expressions it needs.

use manikin_expression::{Expression, Hop};

use crate::checked::ProjectionId;

/// A resource's tree with the expressions in it.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The rows that expressions are seen from: 0 is the projection's row, the others those of a `$each`.
    pub frames: Vec<Frame>,
    /// Every expression, with the frame that it is seen from. Equal ones of a frame are held once.
    pub expressions: Vec<(FrameId, Expression)>,
    /// The entries of the resource, `meta` first, without `resourceType` and `id`.
    pub entries: Vec<(String, Tree)>,
}

/// Index of a frame in [`Body::frames`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(pub usize);

/// Index of an expression in [`Body::expressions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExpressionId(pub usize);

/// The rows that expressions are seen from.
#[derive(Clone, Debug)]
pub enum Frame {
    /// The rows of the projection's entity.
    Rows {
        /// The entity's name.
        entity: String,
    },
    /// The child rows of each row of another frame.
    Children {
        /// The frame of the rows above.
        of: FrameId,
        /// The child entity's name.
        entity: String,
        /// The way from a child's row up to the row above.
        hops: Vec<Hop>,
        /// Only child rows where this is true, seen from the child's row.
        filter: Option<Expression>,
        /// The name of the column that holds each row's place among those written, where it is asked for.
        position: Option<String>,
    },
    /// The items of a list of text of each row of another frame.
    Items {
        /// The frame of the rows above.
        of: FrameId,
        /// The list.
        list: ExpressionId,
        /// The name under which expressions know these rows; it is no entity's.
        name: String,
    },
}

/// A node of a resource.
#[derive(Clone, Debug)]
pub enum Tree {
    /// JSON that is the same in every row.
    Literal(serde_json::Value),
    /// The value of an expression; nothing where it is NULL.
    Leaf(ExpressionId),
    /// A date-time with the offset that a zone has then.
    Instant {
        /// The local time.
        time: ExpressionId,
        /// The IANA name of the zone; UTC where it is NULL.
        zone: Option<ExpressionId>,
    },
    /// A Reference to the resource that a projection makes of the row at the end of the hops; nothing where there is
    /// no such row, or the projection leaves it out.
    Reference {
        /// The frame of the row at hand.
        frame: FrameId,
        /// The projection.
        projection: ProjectionId,
        /// The way from the row at hand.
        hops: Vec<Hop>,
        /// The object's other entries.
        beside: Vec<(String, Tree)>,
    },
    /// An object; nothing where all that varies in it is absent.
    Object(Vec<(String, Tree)>),
    /// An array; nothing where all that varies in it is absent.
    Array(Vec<Tree>),
    /// In an array: one item per row of a frame.
    Each {
        /// The frame.
        frame: FrameId,
        /// The item, seen from a row of the frame.
        item: Box<Tree>,
    },
    /// One of two by a condition.
    Choose {
        /// The condition.
        condition: ExpressionId,
        /// Where it is true.
        then: Box<Tree>,
        /// Where it is not.
        otherwise: Option<Box<Tree>>,
    },
    /// The first that is not absent.
    First(Vec<Tree>),
}
