//! One behaviour on every kind of home: a directory, Postgres with files, Postgres with objects, SQLite with objects.
