-- Views of a store for whoever asks it by SQL, made for this connection alone: nothing is written to the store.
--
--     sqlite3 -readonly -init Examples/store_views.sql contracts.chunks \
--         "SELECT source, sum(tokens) FROM documents GROUP BY source"
--
-- The text stands compressed in batches, which SQL can't read: `dredge store export`, Examples/python/dredge_store.py.

-- What is known of each object, stored or not. Keys that are not UTF-8 are better read from key_bytes.
CREATE TEMP VIEW objects AS
SELECT
    object.id, source.name AS source, bucket, prefix, endpoint_url, CAST(key AS TEXT) AS key, key AS key_bytes, size,
    trim(etag, '"') AS etag, datetime(last_modified_ms / 1000, 'unixepoch') AS last_modified, storage_class, state,
    reason, attempt_count AS attempts, run.name AS run
FROM object
JOIN source ON source.id = object.source
LEFT JOIN run ON run.id = object.run;

-- What is stored. Bytes are the document's; last_modified is NULL where the version that was listed last is another.
CREATE TEMP VIEW documents AS
SELECT
    object.id, source.name AS source, bucket, prefix, endpoint_url, CAST(key AS TEXT) AS key, key AS key_bytes,
    trim(content_etag, '"') AS etag, content_version_id AS version_id,
    CASE
        WHEN trim(etag, '"') = trim(content_etag, '"') THEN datetime(last_modified_ms / 1000, 'unixepoch')
    END AS last_modified,
    content_byte_count AS bytes, chunk_count AS chunks, token_count AS tokens, run.name AS stored_by
FROM object
JOIN source ON source.id = object.source
LEFT JOIN run ON run.id = object.content_run
WHERE content_etag IS NOT NULL;

-- The runs, with what they came to.
CREATE TEMP VIEW runs AS
SELECT
    id, name AS run, version, datetime(began_ms / 1000, 'unixepoch') AS began,
    datetime(ended_ms / 1000, 'unixepoch') AS ended, resumed_count AS resumed, outcome
FROM run;
