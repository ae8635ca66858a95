-- Who did what. `json` and not `jsonb`: the text stays as it was written, which is what the chain covers
CREATE TABLE audit_record (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entry      uuid NOT NULL,
  phase      text NOT NULL CHECK (phase IN ('begun', 'changed', 'ended', 'noted')),
  at         timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  node       text NOT NULL,
  actor_kind text,
  actor_id   text,
  actor_name text,
  actor_role text,
  address    text,
  action     text,
  resource   text,
  status     integer,
  detail     text,
  request    json,
  before     json,
  after      json
);
CREATE INDEX audit_record_entry_idx ON audit_record (entry);
-- A list shows one row an entry: the one that says who and what
CREATE INDEX audit_record_head_idx ON audit_record (id) WHERE phase IN ('begun', 'noted');
CREATE INDEX audit_record_head_at_idx ON audit_record (at) WHERE phase IN ('begun', 'noted');
CREATE INDEX audit_record_actor_id_idx ON audit_record (actor_id, id) WHERE phase IN ('begun', 'noted');
CREATE INDEX audit_record_actor_name_idx ON audit_record (actor_name, id) WHERE phase IN ('begun', 'noted');
CREATE INDEX audit_record_action_idx ON audit_record (action text_pattern_ops, id) WHERE phase IN ('begun', 'noted');
CREATE INDEX audit_record_resource_idx ON audit_record (resource text_pattern_ops, id) WHERE resource IS NOT NULL;

-- The chain: each hash covers a record and the hash before it
CREATE TABLE audit_seal (
  position  bigint PRIMARY KEY,
  record_id bigint NOT NULL UNIQUE,
  hash      bytea NOT NULL
);

-- Records that wait for their place in the chain; committed with the record, so none can be overlooked
CREATE TABLE audit_unsealed (
  record_id bigint PRIMARY KEY
);

CREATE FUNCTION audit_await_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_unsealed (record_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER audit_await_seal AFTER INSERT ON audit_record FOR EACH ROW EXECUTE FUNCTION audit_await_seal();

CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
