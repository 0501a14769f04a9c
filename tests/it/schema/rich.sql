-- One of everything that is read.
CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'what the shop needs';
CREATE SCHEMA "Odd ""Name""";
GRANT USAGE ON SCHEMA app TO schema_reader;
CREATE EXTENSION pg_trgm WITH SCHEMA app;
CREATE COLLATION app.german (provider = icu, locale = 'de-DE');
CREATE TYPE app.mood AS ENUM ('sad', 'it''s ok', 'happy');
COMMENT ON TYPE app.mood IS 'how it went';
CREATE TYPE app.place AS (street text COLLATE "C", number integer, at point);
COMMENT ON COLUMN app.place.number IS 'of the house';
CREATE DOMAIN app.email AS text COLLATE "C" DEFAULT 'a@b' NOT NULL
    CONSTRAINT has_at CHECK (VALUE ~ '@') CHECK (length(VALUE) < 200);
COMMENT ON CONSTRAINT has_at ON DOMAIN app.email IS 'roughly';
CREATE TYPE app.span AS RANGE (subtype = float8, subtype_diff = float8mi, multirange_type_name = app.spans);
CREATE TYPE app."Type" AS ENUM ();

CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := now(); -- it's "here"
    RETURN NEW;
END;
$$;
CREATE FUNCTION app.plus(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT a + b';
COMMENT ON FUNCTION app.plus(integer, integer) IS 'adds';
CREATE FUNCTION app.plus(a text, VARIADIC more text[]) RETURNS text LANGUAGE sql AS 'SELECT a';
REVOKE EXECUTE ON FUNCTION app.plus(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.plus(text, text[]) TO schema_reader WITH GRANT OPTION;
CREATE FUNCTION app.standard(a integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN app.plus(a, 2);
CREATE FUNCTION app.pairs(OUT a integer, OUT b text) RETURNS SETOF record LANGUAGE sql SECURITY DEFINER
    SET search_path TO app, public AS 'SELECT 1, ''x''::text';
CREATE PROCEDURE app.work(INOUT a integer) LANGUAGE plpgsql AS $$ BEGIN a := a + 1; END $$;
CREATE AGGREGATE app.total(integer) (SFUNC = app.plus, STYPE = integer, INITCOND = '0', PARALLEL = safe,
    COMBINEFUNC = app.plus);
CREATE AGGREGATE app.counted(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE FUNCTION app.close_to(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) < 3';
CREATE OPERATOR app.=~= (FUNCTION = app.close_to, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.=~=),
    RESTRICT = eqsel, JOIN = eqjoinsel);
COMMENT ON OPERATOR app.=~= (integer, integer) IS 'nearly';
CREATE FUNCTION app.to_mood(integer) RETURNS app.mood LANGUAGE sql IMMUTABLE AS $$ SELECT 'happy'::app.mood $$;
CREATE CAST (integer AS app.mood) WITH FUNCTION app.to_mood(integer) AS ASSIGNMENT;

CREATE SEQUENCE app.numbers AS integer START 100 INCREMENT -5 MINVALUE -1000 MAXVALUE 1000 CACHE 7 CYCLE;
GRANT USAGE ON SEQUENCE app.numbers TO schema_reader;

CREATE TABLE app.users (
    id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 2) PRIMARY KEY,
    "Full Name" varchar(80) COLLATE "C" NOT NULL DEFAULT 'no "one"',
    email app.email UNIQUE,
    mood app.mood DEFAULT 'happy'::app.mood,
    home app.place,
    tags text[] NOT NULL DEFAULT '{}',
    born date CONSTRAINT born_late CHECK (born > '1900-01-01'),
    seen timestamptz DEFAULT '2020-01-01 00:00:00+00',
    price numeric(10, 2),
    price_with_tax numeric(10, 2) GENERATED ALWAYS AS (price * 1.2) STORED,
    german text COLLATE app.german,
    changed_at timestamptz
) WITH (autovacuum_enabled = false, fillfactor = 70, toast.autovacuum_enabled = false);
COMMENT ON TABLE app.users IS E'who\nuses \\ it';
COMMENT ON COLUMN app.users."Full Name" IS 'first and last';
COMMENT ON CONSTRAINT born_late ON app.users IS 'alive';
ALTER TABLE app.users ALTER tags SET STORAGE EXTERNAL, ALTER home SET STATISTICS 500,
    ALTER mood SET (n_distinct = 3), ALTER german SET COMPRESSION pglz;
ALTER TABLE app.users ADD dropped integer;
ALTER TABLE app.users DROP dropped;
GRANT SELECT, INSERT ON app.users TO schema_reader;
GRANT UPDATE (born, "Full Name") ON app.users TO schema_reader;
GRANT SELECT ON app.users TO PUBLIC;
CREATE INDEX users_name ON app.users (lower("Full Name") DESC NULLS LAST, born) INCLUDE (mood) WHERE price > 0;
CREATE INDEX users_trgm ON app.users USING gin ("Full Name" app.gin_trgm_ops);
CREATE UNIQUE INDEX users_calc ON app.users (app.standard(id::integer)) NULLS NOT DISTINCT WITH (fillfactor = 60);
COMMENT ON INDEX app.users_calc IS 'calculated';
CREATE STATISTICS app.users_stats (ndistinct, dependencies) ON born, mood FROM app.users;
ALTER STATISTICS app.users_stats SET STATISTICS 200;
ALTER TABLE app.users CLUSTER ON users_pkey;

CREATE TABLE app.orders (
    id serial,
    "user" bigint NOT NULL REFERENCES app.users ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
    code text NOT NULL DEFAULT app.plus(1)::text,
    parent integer,
    during tstzrange,
    at timestamptz,
    CONSTRAINT orders_pk PRIMARY KEY (id) INCLUDE (code) WITH (fillfactor = 80),
    UNIQUE NULLS NOT DISTINCT (code, parent) DEFERRABLE,
    CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&) WHERE (parent IS NULL)
);
ALTER TABLE app.orders ADD CONSTRAINT to_parent FOREIGN KEY (parent) REFERENCES app.orders (id) NOT VALID;
ALTER TABLE app.orders ADD CONSTRAINT positive CHECK (id > 0) NO INHERIT NOT VALID;
CREATE UNIQUE INDEX orders_identity ON app.orders (id, code);
ALTER TABLE app.orders REPLICA IDENTITY USING INDEX orders_identity;
CREATE TRIGGER touch BEFORE UPDATE OF code ON app.orders FOR EACH ROW WHEN (OLD.code IS DISTINCT FROM NEW.code)
    EXECUTE FUNCTION app.touch();
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON app.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION app.touch();
ALTER TABLE app.orders DISABLE TRIGGER touch;
ALTER TABLE app.orders ENABLE ALWAYS TRIGGER later;
COMMENT ON TRIGGER touch ON app.orders IS 'stamps';
ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON app.orders AS RESTRICTIVE FOR UPDATE TO schema_reader USING ("user" = 1) WITH CHECK (id > 1);
CREATE POLICY "see all" ON app.orders USING (EXISTS (SELECT FROM app.users u WHERE u.id = orders."user"));
COMMENT ON POLICY own ON app.orders IS 'mine';
CREATE UNLOGGED TABLE app.cache (key text PRIMARY KEY, value jsonb DEFAULT '{"a": 1}');
CREATE TABLE app.of_place OF app.place (number NOT NULL);
CREATE TABLE app.empty ();
CREATE RULE no_delete AS ON DELETE TO app.cache DO INSTEAD NOTHING;
COMMENT ON RULE no_delete ON app.cache IS 'kept';

CREATE TABLE app.events (id bigint GENERATED BY DEFAULT AS IDENTITY, at timestamptz NOT NULL, kind text DEFAULT 'x',
    CONSTRAINT events_pkey PRIMARY KEY (id, at), CONSTRAINT has_kind CHECK (kind <> '')) PARTITION BY RANGE (at);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.events_2025 (kind text, at timestamptz NOT NULL, gone int, id bigint NOT NULL,
    CONSTRAINT has_kind CHECK (kind <> '')) PARTITION BY HASH (id);
ALTER TABLE app.events_2025 DROP gone;
ALTER TABLE app.events ATTACH PARTITION app.events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE app.events_2025_0 PARTITION OF app.events_2025 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT;
ALTER TABLE app.events_rest ALTER kind SET DEFAULT 'rest';
CREATE INDEX events_kind ON app.events (kind);
CREATE INDEX only_2024 ON app.events_2024 (kind, at);
-- Like the one that is part of events_kind.
CREATE INDEX another_2024 ON app.events_2024 (kind);
CREATE TRIGGER touch AFTER INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TABLE app.notes (event bigint, at timestamptz, text text, FOREIGN KEY (event, at) REFERENCES app.events);
ALTER TABLE app.events ADD orderer integer REFERENCES app.orders;

CREATE TABLE app.animals (name text NOT NULL, legs integer DEFAULT 4 CHECK (legs >= 0));
CREATE TABLE app.dogs (breed text, legs integer DEFAULT 4) INHERITS (app.animals);
ALTER TABLE app.dogs ALTER name SET DEFAULT 'Rex';

CREATE VIEW app.active (who, mood) WITH (security_barrier) AS
    SELECT u."Full Name", u.mood FROM app.users u WHERE u.mood <> 'sad' WITH LOCAL CHECK OPTION;
COMMENT ON VIEW app.active IS 'they are';
COMMENT ON COLUMN app.active.who IS 'name';
ALTER VIEW app.active ALTER who SET DEFAULT 'x';
GRANT SELECT (who) ON app.active TO schema_reader;
CREATE VIEW app.counted AS SELECT count(*) AS n, app.total(1) AS t FROM app.active;
CREATE MATERIALIZED VIEW app.summary WITH (fillfactor = 50) AS SELECT mood, count(*) AS n FROM app.active GROUP BY mood;
CREATE UNIQUE INDEX summary_mood ON app.summary (mood);
CREATE VIEW app.z_last AS SELECT s.n FROM app.summary s;
CREATE VIEW app.a_first AS SELECT z.n + 1 AS n FROM app.z_last z;
CREATE FUNCTION app.users_of(app.users) RETURNS SETOF app.active LANGUAGE sql AS 'SELECT * FROM app.active';
CREATE TRIGGER instead INSTEAD OF INSERT ON app.active FOR EACH ROW EXECUTE FUNCTION app.touch();

CREATE TABLE "Odd ""Name"""."Odd.Table" ("a.b" integer PRIMARY KEY, "select" text, "user" text DEFAULT E'a\\b''c');
CREATE INDEX "Odd.Index" ON "Odd ""Name"""."Odd.Table" ("select");
ALTER TABLE "Odd ""Name"""."Odd.Table" OWNER TO schema_owner;
CREATE TABLE public.plain (id serial PRIMARY KEY, note text);
REVOKE DELETE ON public.plain FROM super;
CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watcher ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION public.on_ddl();
ALTER EVENT TRIGGER watcher DISABLE;
CREATE PUBLICATION part FOR TABLE app.users (id, born) WHERE (id > 5), public.plain WITH (publish = 'insert, update');
CREATE PUBLICATION more FOR TABLES IN SCHEMA app WITH (publish_via_partition_root);
ALTER DEFAULT PRIVILEGES FOR ROLE super IN SCHEMA public GRANT SELECT ON TABLES TO schema_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE schema_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
