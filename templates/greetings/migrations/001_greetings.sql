-- Applied once, by `poststack env start` or `poststack db migrate`. A change of the schema is a new
-- file: poststack db new add_language
CREATE TABLE greetings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message text NOT NULL UNIQUE
);
