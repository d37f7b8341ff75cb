-- What every case of corpus.yaml runs on.
CREATE TABLE people (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email varchar(80), phone text, role text NOT NULL DEFAULT 'reader', code varchar(10), age int, price numeric(8, 2),
  happened timestamp, data jsonb
);
INSERT INTO people (email, phone, code, age, price) SELECT 'p' || i, 'n' || i, 'c' || i, i, i FROM generate_series(1, 400) AS i;
CREATE TABLE orders (id bigint PRIMARY KEY, person_id bigint, total int, note text, small int);
INSERT INTO orders SELECT i, i, i, 'note', i FROM generate_series(1, 400) AS i;
CREATE INDEX ix_orders_total ON orders (total);
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0);
ALTER TABLE orders ADD CONSTRAINT note_not_null CHECK (note IS NOT NULL);
ALTER TABLE orders ADD CONSTRAINT small_fits CHECK (small < 100000) NOT VALID;
CREATE UNIQUE INDEX uq_people_email ON people (email);
CREATE VIEW adults AS SELECT id, age FROM people WHERE age > 17;
CREATE MATERIALIZED VIEW totals AS SELECT person_id, sum(total) AS total FROM orders GROUP BY person_id;
CREATE UNIQUE INDEX uq_totals ON totals (person_id);
CREATE TABLE events (at timestamptz NOT NULL, text text) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2026 (at timestamptz NOT NULL, text text);
INSERT INTO events_2026 SELECT '2026-03-01', 'x' FROM generate_series(1, 100);
CREATE TABLE events_2027 (at timestamptz NOT NULL, text text,
  CONSTRAINT fits CHECK (at >= '2027-01-01' AND at < '2028-01-01'));
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE secrets (id bigint PRIMARY KEY, owner text);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON secrets USING (owner = current_user);
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER audit BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE SEQUENCE invoice_number;
CREATE TABLE labels (name text);
INSERT INTO labels VALUES ('a'), ('a');
