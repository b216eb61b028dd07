"""Text: joined, cut, replaced, and templates that cannot reach out of their box."""

import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.text import Collect, Concat, FormatText, Join, Replace, Split, Template
from nodetool.sdk import Stream
from nodetool.sdk.testing import outputs, run

ROWS = [{"city": "Köln", "population": 1_084_831}, {"city": "東京", "population": 13_960_000}]


def test_concat_puts_two_texts_together() -> None:
    assert run(Concat(a="Grüße, ", b="世界 🌍")) == "Grüße, 世界 🌍"
    assert run(Concat()) == ""


def test_join_puts_the_separator_between() -> None:
    assert run(Join(strings=["a", "", "c"], separator=", ")) == "a, , c"
    assert run(Join(separator=", ")) == ""


def test_join_takes_texts_only() -> None:
    numbers: Any = [1]
    with pytest.raises(ValueError, match="strings: Expected `str`, got `int`"):
        run(Join(strings=numbers))


@pytest.mark.parametrize(
    ("text", "delimiter", "parts"),
    [
        ("a,b", ",", ["a", "b"]),
        ("a,,b,", ",", ["a", "", "b", ""]),
        ("", ",", [""]),
        ("one\ntwo", "\n", ["one", "two"]),
        ("ein – zwei", " – ", ["ein", "zwei"]),
        ("nothing here", "|", ["nothing here"]),
    ],
)
def test_split_cuts_at_each_delimiter(text: str, delimiter: str, parts: list[str]) -> None:
    assert run(Split(text=text, delimiter=delimiter)) == parts


def test_split_needs_a_delimiter() -> None:
    with pytest.raises(ValueError, match="delimiter: must not be empty"):
        run(Split(text="abc", delimiter=""))


@given(st.text(), st.text(min_size=1))
def test_join_undoes_split(text: str, delimiter: str) -> None:
    assert Join(strings=Split(text=text, delimiter=delimiter).process(), separator=delimiter).process() == text


@pytest.mark.parametrize(
    ("text", "old", "new", "result"),
    [
        ("banana", "a", "b", "bbnbnb"),
        ("aaa", "aa", "b", "ba"),
        ("a.b", ".", "", "ab"),
        ("unchanged", "x", "y", "unchanged"),
        ("an unset old", "", "y", "an unset old"),
        ("", "a", "b", ""),
    ],
)
def test_replace_replaces_each_occurrence(text: str, old: str, new: str, result: str) -> None:
    assert run(Replace(text=text, old=old, new=new)) == result


async def test_collect_joins_what_arrives() -> None:
    assert await outputs(Collect(input_item=Stream.of(["a", "b"]), separator="-")) == {"output": ["a-b"]}


def test_collect_of_nothing_is_an_empty_text() -> None:
    assert run(Collect(input_item=Stream.of([]))) == ""


class TestTemplate:
    @pytest.mark.parametrize(
        ("string", "values", "result"),
        [
            ("Hello, {{ name }}!", {"name": "Ada"}, "Hello, Ada!"),
            ("{{name}} {{ name }} {{  name  }}", {"name": "x"}, "x x x"),
            ("{{ 0 }} and {{ 1 }}", ["a", "b"], "a and b"),
            ("{{ unknown }} stays", {"name": "x"}, "{{ unknown }} stays"),
            ("{{ Name }} is not {{ name }}", {"name": "x"}, "{{ Name }} is not x"),
            ("100 % {not} {{ {nested} }}", {}, "100 % {not} {{ {nested} }}"),
            ("{{ n }} {{ b }}", {"n": 1.5, "b": True}, "1.5 True"),
            ("{{ straße }}", {"straße": "weit"}, "weit"),
            ("", None, ""),
        ],
    )
    def test_fills_the_places_that_have_a_value(self, string: str, values: Any, result: str) -> None:
        assert run(Template(string=string, values=values)) == result

    def test_further_inputs_go_first(self) -> None:
        assert run(Template(string="{{ a }}{{ b }}", values={"a": 1, "b": 1}, dynamic={"b": 2})) == "12"

    def test_what_is_put_in_is_not_filled_again(self) -> None:
        assert run(Template(string="{{ a }}", values={"a": "{{ b }}", "b": "no"})) == "{{ b }}"

    def test_values_are_a_dictionary_or_a_list(self) -> None:
        with pytest.raises(ValueError, match="values: expected a dictionary or a list, got int"):
            run(Template(values=3))

    def test_braces_without_end_take_no_time(self) -> None:
        string = "{{ " * 200_000

        assert run(Template(string=string)) == string


def formatted(template: str, **values: Any) -> Any:
    return run(FormatText(template=template, dynamic=values))


class TestFormatText:
    def test_writes_a_report_of_rows(self) -> None:
        template = "{% for row in rows %}{{ loop.index }}. {{ row.city }}: {{ row.population }}\n{% endfor %}"

        assert formatted(template, rows=ROWS) == "1. Köln: 1084831\n2. 東京: 13960000\n"

    @pytest.mark.parametrize(
        ("template", "result"),
        [
            ("{{ name }}", "Ada"),
            ("{{ NAME }}", "Ada"),
            ("{{ Name | upper }}", "ADA"),
            ("{{ TITLE }}", "Countess"),
            ("{{ title }}", "Countess"),
            ("{% set NAME = 'x' %}{{ NAME }}{{ name }}", "xAda"),
        ],
    )
    def test_finds_names_in_any_case(self, template: str, result: str) -> None:
        assert formatted(template, name="Ada", TITLE="Countess") == result

    def test_a_name_as_written_goes_first(self) -> None:
        assert formatted("{{ A }}{{ a }}", a="small", A="large") == "largesmall"

    def test_escapes_nothing(self) -> None:
        assert formatted("{{ html }}", html="<b>&</b>") == "<b>&</b>"

    def test_what_is_put_in_is_no_template(self) -> None:
        assert formatted("{{ a }}", a="{{ 1 + 1 }}") == "{{ 1 + 1 }}"

    def test_an_empty_template_is_an_empty_text(self) -> None:
        assert formatted("") == ""

    def test_a_name_without_value_is_named(self) -> None:
        with pytest.raises(ValueError, match=r"template: 'nmae' is undefined \(given: name, city\)"):
            formatted("Dear {{ nmae }}", name="Ada", city="London")

    def test_a_field_that_is_not_there_is_named(self) -> None:
        with pytest.raises(ValueError, match="has no attribute 'nmae'"):
            formatted("{{ user.nmae }}", user={"name": "Ada"})

    @pytest.mark.parametrize("template", ["{% if note %}{{ note }}{% endif %}", "{{ note | default('') }}"])
    def test_a_name_may_be_asked_for_before_it_is_printed(self, template: str) -> None:
        assert formatted(template) == ""

    @pytest.mark.parametrize(
        ("template", "message"),
        [
            ("one\n{% if %}", "template: line 2: "),
            ("{{ 'a' + 1 }}", "template: can only concatenate str"),
            ("{{ 1 / 0 }}", "template: division by zero"),
            ("{% include 'other' %}", "template: no loader"),
            ("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", "template: maximum recursion"),
        ],
    )
    def test_a_template_that_does_not_work_says_why(self, template: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            formatted(template)

    @pytest.mark.parametrize(
        "template",
        [
            "{{ ''.__class__.__mro__ }}",
            "{{ ''['__class__'] }}",
            "{{ '' | attr('__class__') }}",
            "{{ ().__class__.__base__.__subclasses__() }}",
            "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
            "{{ lipsum.__globals__['os'] }}",
            "{{ self.__init__.__globals__ }}",
            "{{ joiner.__init__.__globals__ }}",
            "{{ '{0.__class__.__mro__}'.format('') }}",
            "{{ '%s' | format(''.__class__.__base__) }}",
            "{{ rows.append(1) }}",
            "{{ rows[0].update({'city': 'gone'}) }}",
            "{{ rows.pop() }}",
            "{{ range(99999999) }}",
        ],
    )
    def test_a_template_cannot_leave_its_box(self, template: str) -> None:
        rows = [dict(row) for row in ROWS]

        with pytest.raises(ValueError, match="template: "):
            formatted(template, rows=rows)
        assert rows == ROWS

    @pytest.mark.parametrize(
        "template",
        [
            "{{ 9 ** (9 ** 9) }}",
            "{{ 'a' * 10**9 }}",
            "{{ [1] * 10**9 }}",
            "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
            "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
            "{% set n = namespace(x=3) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}",
            "{{ 'a'.center(10**9) }}",
            "{{ 'a' | center(10**9) }}",
            "{{ 'a' | indent(10**9) }}",
            "{{ '%1000000000d' % 1 }}",
            "{{ '%*d' % (10**9, 1) }}",
            "{{ '%.1000000000f' | format(1) }}",
            "{{ '{:>1000000000}'.format(1) }}",
            "{{ '{:{}}'.format(1, 10**9) }}",
            "{{ ('x' * 10**6).replace('x', 'y' * 10**6) }}",
            "{{ ('x' * 10**6) | replace('x', 'y' * 10**6) }}",
            "{{ (['x' * 10**6] * 10**4) | join }}",
            "{{ ','.join(['x' * 10**6] * 10**4) }}",
            "{{ (['x' * 10**6] * 1000) | map('upper') | list }}",
            "{{ 1.5 | round(10**9) }}",
            "{{ [1] | batch(10**9, 0) | list }}",
            "{{ rows | tojson(indent=10**9) }}",
            "{% set b %}{% for i in range(100000) %}{{ 'x' * 10000 }}{% endfor %}{% endset %}",
            "{% macro m() %}{% for i in range(100000) %}{{ 'x' * 10000 }}{% endfor %}{% endmacro %}{{ m() }}",
        ],
    )
    def test_no_template_makes_something_too_large(self, template: str) -> None:
        with pytest.raises(ValueError, match=r"template: (this would make something of size|a width has to)"):
            formatted(template, rows=ROWS)

    @pytest.mark.parametrize("template", ["x" * 1_000_001, "{{ 1 }}" * 20_001])
    def test_a_template_has_a_limit(self, template: str) -> None:
        with pytest.raises(ValueError, match="template: has more than 1000000 characters or 20000 places"):
            formatted(template)

    @pytest.mark.parametrize(
        ("template", "result"),
        [
            (
                "{% for row in rows %}{{ loop.index }}/{{ loop.length }}{{ ' ' if not loop.last }}{% endfor %}",
                "1/2 2/2",
            ),
            ("{{ '{:,} {:>8.2f}'.format(1084831, 2) }}", "1,084,831     2.00"),
            ("{{ ', '.join(rows | map(attribute='city')) }}", "Köln, 東京"),
            ("{{ rows | sum(attribute='population') }}", "15044831"),
            ("{{ 'a' ~ 1 ~ none }}", "a1None"),
            ("{% filter upper %}a{% endfilter %}{{ 7 % 3 }}{{ 2**10 }}", "A11024"),
            ("{{ '%-6s|' | format('ab') }}", "ab    |"),
            ("{{ rows | tojson | length > 10 }}", "True"),
            ("{% set x %}a{{ 1 }}{% endset %}{{ x }}", "a1"),
            ("{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(1) }}{{ m(2) }}", "[1][2]"),
            ("{% block a %}{{ rows | length }}{% endblock %}", "2"),
        ],
    )
    def test_what_people_write_works(self, template: str, result: str) -> None:
        assert formatted(template, rows=ROWS) == result

    def test_values_of_one_run_are_not_seen_by_the_next(self) -> None:
        assert formatted("{{ secret }}", secret="x") == "x"
        gc.collect()
        with pytest.raises(ValueError, match="'secret' is undefined"):
            formatted("{{ secret }}")
