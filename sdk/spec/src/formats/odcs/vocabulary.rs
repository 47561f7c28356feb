//! The keys of the Open Data Contract Standard 3.0 to 3.2, as one table: what is unknown, of the wrong type or too new
//! for the document's `apiVersion` is found with it.

/// What a key holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Any,
    Text,
    Texts,
    Flag,
    Number,
    Choice(&'static [&'static str]),
    One(&'static Object),
    Many(&'static Object),
    /// One object, or the list of objects that it was in earlier versions.
    OneOrMany(&'static Object, &'static Object),
    /// Text, or an object that says more.
    TextOr(&'static Object),
}

/// A kind of object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) keys: &'static [Field],
    /// Whether other keys may stand there, too.
    pub(super) open: bool,
}

/// One key of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) needed: bool,
    /// The minor version of ODCS 3 that brought it.
    pub(super) since: u64,
}

const fn key(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, needed: false, since: 0 }
}

const fn need(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, needed: true, since: 0 }
}

const fn since(since: u64, name: &'static str, shape: Shape) -> Field {
    Field { name, shape, needed: false, since }
}

use Shape::{Any, Choice, Flag, Many, Number, One, OneOrMany, Text, TextOr, Texts};

/// The keys of a property; only whether `name` is needed differs.
macro_rules! property_keys {
    ($name:expr) => {
        &[
            $name,
            since(1, "id", Text),
            key("logicalType", Choice(LOGICAL_TYPES)),
            key("logicalTypeOptions", One(&OPTIONS)),
            key("physicalType", Text),
            key("physicalName", Text),
            key("description", Text),
            key("businessName", Text),
            key("required", Flag),
            key("unique", Flag),
            key("primaryKey", Flag),
            key("primaryKeyPosition", Number),
            key("partitioned", Flag),
            key("partitionKeyPosition", Number),
            key("classification", Text),
            key("encryptedName", Text),
            key("criticalDataElement", Flag),
            key("transformSourceObjects", Texts),
            key("transformLogic", Text),
            key("transformDescription", Text),
            key("examples", Any),
            key("tags", Texts),
            key("quality", Many(&QUALITY)),
            since(1, "relationships", Many(&OF_PROPERTY)),
            key("authoritativeDefinitions", Many(&DEFINITION)),
            key("customProperties", Many(&CUSTOM)),
            key("properties", Many(&PROPERTY)),
            key("items", One(&ITEM)),
            since(2, "map", One(&MAP)),
            since(2, "enum", Many(&ENUM)),
            since(2, "semanticType", Choice(&["column", "measure", "dimension"])),
            since(2, "deprecated", Flag),
            since(2, "synonyms", Many(&SYNONYM)),
            since(2, "context", TextOr(&CONTEXT)),
        ]
    };
}

/// The versions that are read.
pub(super) const VERSIONS: [&str; 5] = ["v3.2.0", "v3.1.0", "v3.0.2", "v3.0.1", "v3.0.0"];

pub(super) const LOGICAL_TYPES: &[&str] =
    &["string", "date", "timestamp", "time", "number", "integer", "object", "array", "boolean", "map", "vector"];

pub(super) static CONTRACT: Object = Object {
    open: false,
    keys: &[
        need("apiVersion", Choice(&VERSIONS)),
        need("kind", Choice(&["DataContract"])),
        need("id", Text),
        need("version", Any),
        key("status", Text),
        key("name", Text),
        key("tenant", Text),
        key("domain", Text),
        key("dataProduct", Text),
        key("tags", Texts),
        key("description", One(&DESCRIPTION)),
        key("servers", Many(&SERVER)),
        key("schema", Many(&SCHEMA)),
        key("support", Many(&SUPPORT)),
        key("price", One(&PRICE)),
        key("team", OneOrMany(&TEAM, &MEMBER)),
        key("roles", Many(&ROLE)),
        key("slaDefaultElement", Text),
        key("slaProperties", Many(&SLA)),
        key("authoritativeDefinitions", Many(&DEFINITION)),
        key("customProperties", Many(&CUSTOM)),
        key("contractCreatedTs", Text),
        since(2, "context", TextOr(&CONTEXT)),
    ],
};

static DESCRIPTION: Object = Object {
    open: false,
    keys: &[
        key("purpose", Text),
        key("limitations", Text),
        key("usage", Text),
        key("authoritativeDefinitions", Many(&DEFINITION)),
        key("customProperties", Many(&CUSTOM)),
    ],
};

/// Each type of server has keys of its own.
static SERVER: Object =
    Object { open: true, keys: &[need("server", Text), need("type", Text), key("environment", Text)] };

pub(super) static SCHEMA: Object = Object {
    open: false,
    keys: &[
        need("name", Text),
        since(1, "id", Text),
        key("logicalType", Choice(&["object", "blob"])),
        key("physicalName", Text),
        key("physicalType", Text),
        key("description", Text),
        key("businessName", Text),
        key("dataGranularityDescription", Text),
        key("tags", Texts),
        key("authoritativeDefinitions", Many(&DEFINITION)),
        key("customProperties", Many(&CUSTOM)),
        key("quality", Many(&QUALITY)),
        since(1, "relationships", Many(&RELATIONSHIP)),
        key("properties", Many(&PROPERTY)),
        since(2, "deprecated", Flag),
        since(2, "synonyms", Many(&SYNONYM)),
        since(2, "context", TextOr(&CONTEXT)),
    ],
};

/// An item of an array, the key or the value of a map: a property that needs no name.
static ITEM: Object = Object { open: false, keys: property_keys!(key("name", Text)) };

pub(super) static PROPERTY: Object = Object { open: false, keys: property_keys!(need("name", Text)) };

static MAP: Object = Object { open: false, keys: &[need("key", One(&ITEM)), need("value", One(&ITEM))] };

static ENUM: Object = Object { open: true, keys: &[need("value", Any), key("label", Text), key("description", Text)] };

static OPTIONS: Object = Object {
    open: false,
    keys: &[
        key("minLength", Number),
        key("maxLength", Number),
        key("pattern", Text),
        key("format", Text),
        key("multipleOf", Number),
        key("minimum", Any),
        key("maximum", Any),
        key("exclusiveMinimum", Any),
        key("exclusiveMaximum", Any),
        since(1, "timezone", Flag),
        since(1, "defaultTimezone", Text),
        key("minItems", Number),
        key("maxItems", Number),
        key("uniqueItems", Flag),
        key("minProperties", Number),
        key("maxProperties", Number),
        key("required", Texts),
        since(2, "dimensions", Number),
        since(2, "elementType", Text),
        since(2, "distanceMetric", Text),
        since(2, "model", Text),
        since(2, "normalized", Flag),
    ],
};

pub(super) static QUALITY: Object = Object {
    open: false,
    keys: &[
        since(1, "id", Text),
        key("name", Text),
        key("type", Choice(&["text", "library", "sql", "custom"])),
        key("description", Text),
        key("dimension", Text),
        key("severity", Text),
        key("unit", Text),
        key("schedule", Text),
        key("scheduler", Text),
        key("method", Text),
        key("businessImpact", Text),
        key("tags", Texts),
        key("authoritativeDefinitions", Many(&DEFINITION)),
        key("customProperties", Many(&CUSTOM)),
        key("metric", Text),
        key("rule", Text),
        key("arguments", Any),
        key("query", Text),
        key("engine", Text),
        key("implementation", Any),
        key("mustBe", Any),
        key("mustNotBe", Any),
        key("mustBeGreaterThan", Number),
        key("mustBeGreaterOrEqualTo", Number),
        key("mustBeLessThan", Number),
        key("mustBeLessOrEqualTo", Number),
        key("mustBeBetween", Any),
        key("mustNotBeBetween", Any),
        // of library rules before 3.1
        key("validValues", Any),
    ],
};

/// From the property where it stands, so it has no `from`.
static OF_PROPERTY: Object = Object {
    open: false,
    keys: &[
        key("id", Text),
        key("type", Choice(&["foreignKey"])),
        need("to", Any),
        key("customProperties", Many(&CUSTOM)),
    ],
};

static RELATIONSHIP: Object = Object {
    open: false,
    keys: &[
        key("id", Text),
        key("type", Choice(&["foreignKey"])),
        need("from", Any),
        need("to", Any),
        key("customProperties", Many(&CUSTOM)),
    ],
};

static SYNONYM: Object = Object {
    open: false,
    keys: &[
        key("id", Text),
        need("synonym", Text),
        key("description", Text),
        key("locale", Text),
        key("source", Text),
        key("status", Text),
        key("customProperties", Many(&CUSTOM)),
    ],
};

static CONTEXT: Object = Object {
    open: false,
    keys: &[key("instructions", Text), key("verifiedStatements", Many(&STATEMENT)), key("constraints", Many(&LIMIT))],
};

static STATEMENT: Object = Object {
    open: false,
    keys: &[
        key("id", Text),
        need("question", Text),
        key("answer", Text),
        key("authoritativeDefinitions", Many(&DEFINITION)),
        key("tags", Texts),
        key("customProperties", Many(&CUSTOM)),
    ],
};

static LIMIT: Object = Object {
    open: false,
    keys: &[
        key("id", Text),
        need("constraint", Text),
        key("authoritativeDefinitions", Many(&DEFINITION)),
        key("tags", Texts),
        key("customProperties", Many(&CUSTOM)),
    ],
};

static DEFINITION: Object = Object {
    open: false,
    keys: &[since(1, "id", Text), need("url", Text), need("type", Text), key("description", Text)],
};

static CUSTOM: Object = Object {
    open: false,
    keys: &[
        since(1, "id", Text),
        need("property", Text),
        key("value", Any),
        key("description", Text),
        since(2, "vendor", Text),
    ],
};

static SUPPORT: Object = Object {
    open: false,
    keys: &[
        since(1, "id", Text),
        need("channel", Text),
        key("url", Text),
        key("tool", Text),
        key("scope", Text),
        key("description", Text),
        key("invitationUrl", Text),
        key("customProperties", Many(&CUSTOM)),
    ],
};

static PRICE: Object = Object {
    open: false,
    keys: &[since(1, "id", Text), key("priceAmount", Number), key("priceCurrency", Text), key("priceUnit", Text)],
};

static TEAM: Object = Object {
    open: false,
    keys: &[
        key("id", Text),
        key("name", Text),
        key("description", Text),
        key("members", Many(&MEMBER)),
        key("tags", Texts),
        key("authoritativeDefinitions", Many(&DEFINITION)),
        key("customProperties", Many(&CUSTOM)),
    ],
};

static MEMBER: Object = Object {
    open: false,
    keys: &[
        key("id", Text),
        need("username", Text),
        key("name", Text),
        key("description", Text),
        key("role", Text),
        key("dateIn", Text),
        key("dateOut", Text),
        key("replacedByUsername", Text),
        key("tags", Texts),
        key("authoritativeDefinitions", Many(&DEFINITION)),
        key("customProperties", Many(&CUSTOM)),
    ],
};

static ROLE: Object = Object {
    open: false,
    keys: &[
        since(1, "id", Text),
        need("role", Text),
        key("description", Text),
        key("access", Text),
        key("firstLevelApprovers", Text),
        key("secondLevelApprovers", Text),
        key("customProperties", Many(&CUSTOM)),
    ],
};

static SLA: Object = Object {
    open: false,
    keys: &[
        since(1, "id", Text),
        need("property", Text),
        need("value", Any),
        key("valueExt", Any),
        key("unit", Text),
        key("element", Text),
        key("driver", Text),
        since(1, "description", Text),
        since(1, "scheduler", Text),
        since(1, "schedule", Text),
        since(2, "customProperties", Many(&CUSTOM)),
        since(2, "authoritativeDefinitions", Many(&DEFINITION)),
    ],
};
