"""CSV files as spreadsheets and people write them: all give the same rows, or the column or line is named."""

import pytest

from whence.datagen.csv_tables import number_in, posix_path, read_table
from whence.errors import InputError

EXPECTED = [
    {"path": "wav/a.flac", "speaker": "anna, the first", "licence": "CC0"},
    {"path": "wav/b.flac", "speaker": "bert", "licence": ""},
]
PLAIN = 'path,speaker,licence\nwav/a.flac,"anna, the first",CC0\nwav/b.flac,bert,\n'
FORMS = {
    "commas": PLAIN,
    "semicolons": "path;speaker;licence\nwav/a.flac;anna, the first;CC0\nwav/b.flac;bert;\n",
    "tabs": "path\tspeaker\tlicence\nwav/a.flac\tanna, the first\tCC0\nwav/b.flac\tbert\t\n",
    "bars": "path|speaker|licence\nwav/a.flac|anna, the first|CC0\nwav/b.flac|bert|\n",
    "capitals": PLAIN.replace("path,speaker,licence", "Path,SPEAKER,Licence"),
    "blanks": '\n path , speaker,licence \n wav/a.flac , "anna, the first" , CC0\n\nwav/b.flac , bert ,\n  , ,\n',
    "all quoted": '"path","speaker","licence"\n"wav/a.flac","anna, the first","CC0"\n"wav/b.flac","bert",""\n',
    "Windows ends": PLAIN.replace("\n", "\r\n"),
    "old Macintosh ends": PLAIN.replace("\n", "\r"),
    "another order, another column": 'speaker,path,n,licence\n"anna, the first",wav/a.flac,1,CC0\nbert,wav/b.flac,2,\n',
    "short line": PLAIN.replace("bert,", "bert"),
    "separator line": "sep=;\npath;speaker;licence\nwav/a.flac;anna, the first;CC0\nwav/b.flac;bert;\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_form_gives_the_same_rows(tmp_path, form, encoding):
    (tmp_path / "index.csv").write_bytes(FORMS[form].encode(encoding))
    rows = read_table(tmp_path / "index.csv", ("path", ("speaker", "voice")))
    assert [{name: row[name] for name in EXPECTED[0]} for row in rows] == EXPECTED


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: expected the columns path,speaker or voice and at least one row"),
        (b"path,speaker\n", "expected the columns path,speaker or voice and at least one row"),
        (b"path;name\na;b\n", "no column speaker or voice among 'path', 'name'"),
        (b"file,speaker\na,b\n", "no column path among 'file', 'speaker'"),
        (b"path,speaker\na,b,c\n", "line 2: 3 cells but 2 columns"),
        (b"path,Path,speaker\na,b,c\n", "two columns are named path"),
        (b'path,speaker\n"a,b\nc,d\n', "a quotation mark is never closed"),
        ("path,speaker\ncaf\u00e9,b\n".encode("latin-1"), "not a CSV file in UTF-8"),
        (b"path,speaker\na\0,b\n", "it holds zero bytes"),
    ],
)
def test_what_leaves_a_doubt_is_refused_in_one_line(tmp_path, content, message):
    (tmp_path / "index.csv").write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        read_table(tmp_path / "index.csv", ("path", ("speaker", "voice")))
    assert str(error.value).startswith(str(tmp_path / "index.csv"))
    assert "\n" not in str(error.value)


def test_marks_are_plain_characters_where_a_table_does_not_quote(tmp_path):
    (tmp_path / "t.tsv").write_text('client_id\tpath\tsentence\n7\ta.mp3\t"Stop\n8\tb.mp3\tGo"\n')
    rows = read_table(tmp_path / "t.tsv", ("client_id", "path"), quotes=False)
    assert [row["sentence"] for row in rows] == ['"Stop', 'Go"']


def test_a_decimal_comma_is_refused_with_its_column():
    with pytest.raises(InputError, match="here: azimuth_deg '40,5' is not a number: write one with a point"):
        number_in({"azimuth_deg": "40,5"}, "azimuth_deg", "here")


def test_a_backslash_is_a_slash_unless_a_file_is_called_so(tmp_path):
    assert posix_path("wav\\a.flac", tmp_path) == "wav/a.flac"
    (tmp_path / "odd\\name.wav").touch()
    assert posix_path("odd\\name.wav", tmp_path) == "odd\\name.wav"
