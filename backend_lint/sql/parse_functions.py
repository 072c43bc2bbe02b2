"""What is known of SQL functions by name. Source: the chapters on functions of the PostgreSQL, MySQL and SQLite manuals."""

from __future__ import annotations

AGGREGATES = frozenset(
    (
        "count sum avg min max array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg bool_and bool_or every any_value bit_and bit_or "
        "stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp regr_slope percentile_cont percentile_disc mode "
        "group_concat total json_group_array json_group_object json_arrayagg json_objectagg listagg range_agg xmlagg st_extent st_collect st_union "
        "approx_count_distinct"
    ).split()
)
VOLATILE = frozenset(
    (
        "random rand clock_timestamp timeofday nextval setval currval lastval gen_random_uuid uuid_generate_v1 uuid_generate_v4 uuidv4 uuidv7 uuid "
        "pg_sleep sysdate newid randomblob last_insert_rowid"
    ).split()
)
STABLE = frozenset(
    (
        "abs age array_length array_position array_remove array_to_string ascii btrim cardinality cbrt ceil ceiling char_length character_length chr coalesce "
        "concat concat_ws convert_from convert_to crc32 curdate current_date current_setting current_timestamp current_user curtime date date_add date_format "
        "date_part date_sub date_trunc datediff datetime day dayofmonth dayofweek dayofyear decode degrees digest div encode exp extract floor format "
        "from_unixtime gen_salt getdate greatest hex hour if ifnull iif initcap instr int4range int8range interval isfinite jsonb_array_elements "
        "jsonb_array_length jsonb_build_object jsonb_build_array jsonb_extract_path jsonb_extract_path_text json_extract json_extract_path_text json_unquote "
        "json_value julianday lcase least left length ln locate log lower lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz md5 "
        "minute mod month nextday now nullif numrange nvl octet_length overlay phraseto_tsquery pi plainto_tsquery point position pow power printf quarter "
        "quote_literal radians regexp_match regexp_replace regexp_split_to_array repeat replace reverse right round rpad rtrim second setweight sha1 sha2 "
        "sha256 sign similarity soundex split_part sqrt starts_with statement_timestamp strftime str_to_date string_to_array strpos substr substring "
        "substring_index time time_to_sec timestamp timestampadd timestampdiff timezone to_ascii to_char to_date to_days to_hex to_json to_jsonb to_number "
        "to_timestamp to_tsquery to_tsvector transaction_timestamp translate trim trunc truncate tsrange tstzrange daterange ucase unaccent unhex "
        "unix_timestamp unixepoch unnest upper utc_date utc_timestamp websearch_to_tsquery week weekday width_bucket "
        "word_similarity year st_makepoint st_setsrid "
        "st_geomfromtext st_geomfromewkt st_makeenvelope st_transform st_buffer st_expand st_geogfromtext st_point array_cat array_append "
        "row row_to_json json_build_object ts_rank ts_rank_cd "
        "inet host network masklen set_masklen lower_inc upper_inc isempty timestamptz float8 float4 int4 int8 int2 text varchar numeric bool "
        "current_schema nullif typeof pg_backend_pid txid_current"
    ).split()
)
"""Functions that give the same for the same arguments within one statement, so that an index can be asked for their value."""
