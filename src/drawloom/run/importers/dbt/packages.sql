{# What dbt and dbt_utils bring along, as far as imported projects call it; `bigquery__` names are for that dialect. #}

{% macro date_trunc(datepart, date) -%} date_trunc('{{ datepart }}', {{ date }}) {%- endmacro %}
{% macro bigquery__date_trunc(datepart, date) -%} timestamp_trunc(cast({{ date }} as timestamp), {{ datepart }}) {%- endmacro %}

{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}
({{ from_date_or_timestamp }} + ({{ interval }}) * interval '1' {{ datepart }})
{%- endmacro %}
{% macro bigquery__dateadd(datepart, interval, from_date_or_timestamp) -%}
datetime_add(cast({{ from_date_or_timestamp }} as datetime), interval {{ interval }} {{ datepart }})
{%- endmacro %}

{% macro datediff(first_date, second_date, datepart) -%} date_diff('{{ datepart }}', {{ first_date }}, {{ second_date }}) {%- endmacro %}
{% macro bigquery__datediff(first_date, second_date, datepart) -%}
datetime_diff(cast({{ second_date }} as datetime), cast({{ first_date }} as datetime), {{ datepart }})
{%- endmacro %}
{% macro snowflake__datediff(first_date, second_date, datepart) -%} datediff({{ datepart }}, {{ first_date }}, {{ second_date }}) {%- endmacro %}

{% macro last_day(date, datepart) -%}
cast(date_trunc('{{ datepart }}', {{ date }}) + interval '1' {{ datepart }} - interval '1' day as date)
{%- endmacro %}
{% macro bigquery__last_day(date, datepart) -%} last_day(cast({{ date }} as date), {{ datepart }}) {%- endmacro %}

{% macro safe_cast(field, type) -%} try_cast({{ field }} as {{ type }}) {%- endmacro %}
{% macro bigquery__safe_cast(field, type) -%} safe_cast({{ field }} as {{ type }}) {%- endmacro %}
{% macro cast(field, type) -%} cast({{ field }} as {{ type }}) {%- endmacro %}

{% macro type_string() -%} varchar {%- endmacro %}
{% macro bigquery__type_string() -%} string {%- endmacro %}
{% macro type_timestamp() -%} timestamp {%- endmacro %}
{% macro type_date() -%} date {%- endmacro %}
{% macro type_float() -%} double {%- endmacro %}
{% macro bigquery__type_float() -%} float64 {%- endmacro %}
{% macro type_numeric() -%} numeric(28, 6) {%- endmacro %}
{% macro bigquery__type_numeric() -%} numeric {%- endmacro %}
{% macro type_int() -%} int {%- endmacro %}
{% macro bigquery__type_int() -%} int64 {%- endmacro %}
{% macro type_bigint() -%} bigint {%- endmacro %}
{% macro bigquery__type_bigint() -%} int64 {%- endmacro %}
{% macro type_boolean() -%} boolean {%- endmacro %}

{% macro concat(fields) -%} {{ fields | join(' || ') }} {%- endmacro %}
{% macro hash(field) -%} md5(cast({{ field }} as {{ type_string() }})) {%- endmacro %}
{% macro bigquery__hash(field) -%} to_hex(md5(cast({{ field }} as string))) {%- endmacro %}
{% macro length(expression) -%} length({{ expression }}) {%- endmacro %}
{% macro replace(field, old_chars, new_chars) -%} replace({{ field }}, {{ old_chars }}, {{ new_chars }}) {%- endmacro %}
{% macro right(string_text, length_expression) -%} right({{ string_text }}, {{ length_expression }}) {%- endmacro %}
{% macro split_part(string_text, delimiter_text, part_number) -%}
split_part({{ string_text }}, {{ delimiter_text }}, {{ part_number }})
{%- endmacro %}
{% macro bigquery__split_part(string_text, delimiter_text, part_number) -%}
split({{ string_text }}, {{ delimiter_text }})[safe_offset({{ part_number - 1 }})]
{%- endmacro %}
{% macro string_literal(value) -%} '{{ value }}' {%- endmacro %}
{% macro any_value(expression) -%} any_value({{ expression }}) {%- endmacro %}
{% macro bool_or(expression) -%} bool_or({{ expression }}) {%- endmacro %}
{% macro bigquery__bool_or(expression) -%} logical_or({{ expression }}) {%- endmacro %}
{% macro except() -%} except {%- endmacro %}
{% macro bigquery__except() -%} except distinct {%- endmacro %}
{% macro intersect() -%} intersect {%- endmacro %}
{% macro bigquery__intersect() -%} intersect distinct {%- endmacro %}

{% macro generate_surrogate_key(field_list) -%}
{%- set fields = [] -%}
{%- for field in field_list -%}
{%- do fields.append("coalesce(cast(" ~ field ~ " as " ~ type_string() ~ "), '_dbt_utils_surrogate_key_null_')") -%}
{%- endfor -%}
{{ hash(fields | join(" || '-' || ")) }}
{%- endmacro %}
{% macro surrogate_key(field_list, second=none, third=none, fourth=none, fifth=none) -%}
{%- set fields = [] -%}
{%- set others = [second, third, fourth, fifth] | reject('none') | list -%}
{%- for field in ([field_list] + others if field_list is string else field_list) -%}
{%- do fields.append("coalesce(cast(" ~ field ~ " as " ~ type_string() ~ "), '')") -%}
{%- endfor -%}
{{ hash(fields | join(" || '-' || ")) }}
{%- endmacro %}

{% macro star(from, relation_alias=false, except=[], prefix='', suffix='') -%}
{{ relation_alias ~ '.' if relation_alias else '' }}*{{ ' exclude (' ~ except | join(', ') ~ ')' if except else '' }}
{%- endmacro %}
{% macro bigquery__star(from, relation_alias=false, except=[], prefix='', suffix='') -%}
{{ relation_alias ~ '.' if relation_alias else '' }}*{{ ' except (' ~ except | join(', ') ~ ')' if except else '' }}
{%- endmacro %}

{% macro group_by(n) -%} group by {% for i in range(1, n + 1) %}{{ i }}{{ ', ' if not loop.last }}{% endfor %} {%- endmacro %}
{% macro safe_divide(numerator, denominator) -%} ({{ numerator }}) / nullif({{ denominator }}, 0) {%- endmacro %}
{% macro safe_add(field_list) -%}
{%- for field in field_list -%} coalesce({{ field }}, 0){{ ' + ' if not loop.last }} {%- endfor -%}
{%- endmacro %}

{% macro deduplicate(relation, partition_by, order_by) -%}
(select * from {{ relation }} as relation qualify row_number() over (partition by {{ partition_by }} order by {{ order_by }}) = 1)
{%- endmacro %}

{% macro union_relations(relations) -%}
{%- for relation in relations -%}
(select * from {{ relation }} as relation)
{{ 'union all by name' if not loop.last }}
{% endfor -%}
{%- endmacro %}

{% macro date_spine(datepart, start_date, end_date) -%}
select range as date_{{ datepart }}
from range(cast({{ start_date }} as timestamp), cast({{ end_date }} as timestamp), interval '1' {{ datepart }})
{%- endmacro %}
{% macro bigquery__date_spine(datepart, start_date, end_date) -%}
select date_{{ datepart }}
from unnest(generate_date_array(cast({{ start_date }} as date), date_sub(cast({{ end_date }} as date), interval 1 day), interval 1 {{ datepart }})) as date_{{ datepart }}
{%- endmacro %}

{% macro pivot(column, values, alias=true, agg='sum', cmp='=', prefix='', suffix='', then_value=1, else_value=0, quote_identifiers=true) -%}
{%- for value in values -%}
{{ agg }}(case when {{ column }} {{ cmp }} '{{ value }}' then {{ then_value }} else {{ else_value }} end) as "{{ prefix ~ value ~ suffix }}"{{ ', ' if not loop.last }}
{% endfor -%}
{%- endmacro %}
