"""Texts of every kind, in every language, whatever is in the fields and in the operator's folder."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.notify.mail.config import MailSettings
from yett.notify.mail.model import REQUIRED, MailKind
from yett.notify.mail.rendering import FieldsMissing, Renderer, instant, spoken

FIELDS = {
    "code": "123456", "minutes": "5", "link": "https://yett.example.org/l?t=1&x=2", "browser": "Firefox on Linux",
    "name": "Blue key", "at": "2026-11-22T11:38:00+00:00", "by": "alice", "expires_at": "2026-12-24T00:00:00+01:00",
    "subject": "Subject", "text": "Text", "serial": "01ab", "not_after": "2027-01-01T00:00:00+00:00",
    "rule": "refusals", "count": "10", "details": "one\ntwo",
}  # fmt: skip


def renderer(**settings):
    return Renderer(MailSettings(**settings), "yett.example.org")


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []
        self.links = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in {"href", "src"}]


def tags_of(html):
    parser = Tags()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_is_written_in_every_language(kind, language):
    mail = renderer(support="help@example.org").render(kind, language, FIELDS)
    assert not mail.problem
    assert mail.subject
    assert "{{" not in mail.text + mail.html + mail.subject
    assert f'lang="{language}"' in mail.html
    assert "help@example.org" in mail.text
    for name in REQUIRED.get(kind, ()):
        assert name == "expires_at" or FIELDS[name].split("\n")[0] in mail.text + mail.subject


@pytest.mark.parametrize("kind", MailKind)
def test_the_languages_differ(kind):
    assert renderer().render(kind, "en", FIELDS).text != renderer().render(kind, "de", FIELDS).text


@pytest.mark.parametrize(
    ("asked", "default", "found"),
    [("de-AT", "en", "de"), ("", "de", "de"), ("fr", "de", "de"), ("DE", "en", "de"), ("fr", "fr", "en"),
     ("../de", "en", "en"), ("en", "de", "en")],
)  # fmt: skip
def test_the_nearest_language_is_taken(asked, default, found):
    mail = renderer(language=default).render(MailKind.TEST, asked, {})
    assert f'lang="{found}"' in mail.html


def test_a_code_is_in_the_mail_and_not_in_its_subject():
    mail = renderer().render(MailKind.OTP, "en", {"code": "123456", "minutes": "1"})
    assert "123456" in mail.text
    assert "123456" in mail.html
    assert "123456" not in mail.subject
    assert "within 1 minute." in mail.text


def test_a_mail_that_would_say_nothing_is_refused():
    with pytest.raises(FieldsMissing, match="code"):
        renderer().render(MailKind.OTP, "en", {"code": ""})


def test_what_was_not_given_is_left_out():
    mail = renderer().render(MailKind.PASSKEY_CREATED, "en", {"name": "Blue key"})
    assert "Passkey: Blue key" in mail.text
    assert "When" not in mail.text
    assert "By" not in mail.text


def test_fields_cannot_become_markup_or_lines_of_their_own():
    evil = '"><script>alert(1)</script>\r\n\r\nClick here: {{ 7*7 }}\u202e'
    mail = renderer().render(MailKind.PASSKEY_CREATED, "en", {"name": evil, "at": evil, "by": evil})
    assert "script" not in tags_of(mail.html).tags
    assert "<script" not in mail.html
    assert "49" not in mail.text
    assert "\nClick here" not in mail.text
    assert "\u202e" not in mail.text


def test_what_a_browser_calls_itself_leads_nowhere():
    evil = (
        "Your account is locked. Go to https://evil.example/ or www.evil.example or m@evil.example "
        + "x" * 500
    )
    mail = renderer().render(MailKind.MAGIC_LINK, "en", {**FIELDS, "browser": evil})
    assert "https://evil" not in mail.text
    assert "www." not in mail.text
    assert len(re.search(r"Asked for from: (.*)", mail.text)[1]) <= 100


def test_a_link_stands_whole_in_both_parts():
    link = "https://yett.example.org/signin/magic_link?token=" + "a" * 1500 + "&next=%2F"
    mail = renderer().render(MailKind.MAGIC_LINK, "en", {"link": link})
    assert link in mail.text
    assert tags_of(mail.html).links == [link, link]


def test_the_html_loads_nothing():
    for kind in MailKind:
        mail = renderer().render(kind, "en", FIELDS)
        assert not set(tags_of(mail.html).tags) & {"img", "script", "link", "iframe", "object", "form"}
        assert "url(" not in mail.html


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text(), max_size=8))
def test_any_fields_make_a_mail(fields):
    for kind in (MailKind.NOTICE, MailKind.PASSKEY_EXPIRING, MailKind.MAGIC_LINK):
        mail = renderer().render(kind, "de", {**FIELDS, **fields, "link": FIELDS["link"]}
                                 | {name: fields.get(name) or "x" for name in REQUIRED[kind]})  # fmt: skip
        assert not mail.problem
        assert "\r" not in mail.text


# The operator's folder.


def test_texts_of_ones_own_replace_ours_kind_by_kind(tmp_path):
    (tmp_path / "en.toml").write_text('[otp]\nsubject = "Moin"\nheading = "Moin"\nhighlight = "{{ code }}"\n')
    own = renderer(templates=tmp_path)
    assert own.render(MailKind.OTP, "en", FIELDS).subject == "Moin"
    assert own.render(MailKind.TEST, "en", FIELDS).subject == "Test mail from Yett"


def test_a_language_may_be_added(tmp_path):
    (tmp_path / "fr.toml").write_text('[otp]\nsubject = "Votre code"\nhighlight = "{{ code }}"\n')
    mail = renderer(templates=tmp_path).render(MailKind.OTP, "fr-CA", FIELDS)
    assert mail.subject == "Votre code"
    assert 'lang="fr"' in mail.html
    assert not mail.problem


def test_looks_of_ones_own_replace_ours_for_all_kinds_or_one(tmp_path):
    (tmp_path / "layout.html").write_text("<h1>{{ heading }}</h1>")
    (tmp_path / "otp.html").write_text("<b>{{ code }} {{ fields.minutes }}</b>")
    own = renderer(templates=tmp_path)
    assert own.render(MailKind.OTP, "en", FIELDS).html == "<b>123456 5</b>"
    assert own.render(MailKind.TEST, "en", FIELDS).html == "<h1>Mail works</h1>"
    (tmp_path / "otp.html").write_text("{{ name }}")
    assert own.render(MailKind.OTP, "en", {**FIELDS, "name": "<i>"}).html == "&lt;i&gt;"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("otp.html", "{% if %}", "TemplateSyntaxError in otp.html, line 1"),
        ("layout.html", "{{ code.__class__.__mro__[1].__subclasses__() }}", "SecurityError"),
        ("layout.txt", "{{ missing.attribute }}", "UndefinedError"),
        ("layout.txt", "{% include 'other' %}", "TemplateNotFound in other"),
        ("layout.txt", "{{ 1 / 0 }}", "ZeroDivisionError"),
        ("layout.txt", "{% for a in range(999999999) %}x{% endfor %}", "OverflowError"),
        ("layout.txt", b"\xff\xfe", "UnicodeDecodeError"),
        ("en.toml", "otp = [", "TOMLDecodeError"),
        ("en.toml", "otp = 3", "AttributeError"),
        ("en.toml", '[otp]\nsubject = "{{ code.x.y }}"', "UndefinedError"),
        ("en.toml", b"\xff", "UnicodeDecodeError"),
    ],
)
def test_whatever_is_broken_there_costs_looks_only(tmp_path, name, content, problem):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    mail = renderer(templates=tmp_path).render(MailKind.OTP, "en", FIELDS)
    assert mail.problem.startswith(problem)
    assert "123456" not in mail.problem
    assert "123456" in mail.text
    assert mail.subject == "Your sign-in code for Yett"
    assert not mail.html


def test_templates_reach_no_file_outside_their_folder(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (inner / "otp.txt").write_text("{% include '../secret.txt' %}")
    assert renderer(templates=inner).render(MailKind.OTP, "en", FIELDS).problem.startswith("TemplateNotFound")


# Instants.


@pytest.mark.parametrize(
    ("text", "english", "german"),
    [
        ("2026-11-22T11:38:00+00:00", "22 November 2026, 11:38 UTC", "22. November 2026, 11:38 UTC"),
        ("2026-12-24T00:30:00+01:00", "23 December 2026, 23:30 UTC", "23. Dezember 2026, 23:30 UTC"),
        ("2026-03-01", "1 March 2026, 00:00 UTC", "1. März 2026, 00:00 UTC"),
    ],
)
def test_instants_are_written_in_words(text, english, german):
    assert spoken(instant(text), "en") == english
    assert spoken(instant(text), "de") == german
    assert spoken(instant(text), "fr").endswith("UTC")


@pytest.mark.parametrize(
    "text", ["", "soon", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1e9"]
)
def test_what_is_no_instant_is_none(text):
    assert instant(text) is None
