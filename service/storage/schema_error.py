"""`SchemaError`, by itself: who only tells a user of it loads no SQLAlchemy."""


class SchemaError(Exception):
    """The database does not have the schema that this version of the code needs."""
