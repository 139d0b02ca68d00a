"""Data sets from Kaggle: against a server that answers as Kaggle's does, and without one."""

from __future__ import annotations

import errno
import io
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.decoding.picture import read_rgb
from tests.support.kaggle import TOKEN, Kaggle, archive
from train.data import fetch

pytest.importorskip("kagglehub", reason="data is downloaded on a workstation, by Kaggle's library")


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Kaggle]:
    """A server in Kaggle's place, and a user with a token that it knows."""
    from kagglesdk import kaggle_env

    server = Kaggle()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    at = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, at)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user without a token: none in the environment, none at home."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(
        "kagglehub.config.DEFAULT_KAGGLE_CREDENTIALS_FOLDER", str(tmp_path / ".kaggle")
    )


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["train.data.fetch", *map(str, arguments)])
    return fetch.main()


ALPHABET = archive({f"asl_alphabet_train/{name}/{name}1.jpg": b"picture" for name in "AB"})


def test_a_set_is_there_once_it_is_whole(
    kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is downloaded with the user's token and unpacked; the last line says what comes next."""
    kaggle.content = archive({"sign_mnist_train.csv": b"", "sign_mnist_test.csv": b"label,pixel1"})
    assert run(monkeypatch, "sign_mnist") == 0
    out = Path("out/data/sign-language-mnist")
    assert (out / "sign_mnist_test.csv").read_bytes() == b"label,pixel1"
    assert capsys.readouterr().out == (
        f"next: python -m train.recipes.sign_mnist --data {out} --out out/sign_mnist\n"
    )
    assert {token for path, token, _ in kaggle.requests if "/api/" in path} == {f"Bearer {TOKEN}"}
    assert [p.name for p in out.parent.iterdir()] == [out.name]


def test_two_recipes_share_one_set(
    kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is there already is not downloaded again."""
    kaggle.content = ALPHABET
    assert run(monkeypatch, "alphabet_transfer") == 0
    before = len(kaggle.requests)
    assert run(monkeypatch, "a_to_i") == 0
    assert len(kaggle.requests) == before
    assert "train.recipes.a_to_i --data out/data/asl-alphabet " in capsys.readouterr().out


def test_digits_become_pictures(kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The arrays that Kaggle has are written as pictures, each in the folder of its own digit."""
    grey = np.linspace(0, 1, 20 * 64 * 64, dtype=np.float32).reshape(20, 64, 64)
    files = {}
    for name, array in (("X.npy", grey), ("Y.npy", np.tile(np.eye(10), (2, 1)))):
        file = io.BytesIO()
        np.save(file, array)
        files[f"Sign-language-digits-dataset/{name}"] = file.getvalue()
    kaggle.content = archive(files)
    assert run(monkeypatch, "digits", "--out", "digits") == 0
    assert sorted(p.name for p in Path("digits").iterdir()) == [str(digit) for digit in range(10)]
    # Column 1 of the set's labels is the sign of 0: its second picture is number 11.
    assert [p.name for p in sorted(Path("digits/0").iterdir())] == ["0001.png", "0011.png"]
    rgb = read_rgb(Path("digits/0/0011.png"))
    np.testing.assert_allclose(rgb[:, :, 0], grey[11] * 255, atol=0.51)


def test_a_broken_download_goes_on(
    kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A connection that is lost leaves nothing in the folder; the next run fetches the rest."""
    noise = np.random.default_rng(0).integers(0, 256, 3_000_000, np.uint8).tobytes()
    kaggle.content = archive({"asl_alphabet_train/A/A1.jpg": noise})
    kaggle.cut = 500_000
    assert run(monkeypatch, "a_to_i", "--out", "letters") == 2
    said = capsys.readouterr()
    assert "connection to Kaggle was lost" in said.err.splitlines()[-1]
    assert not Path("letters").exists()
    assert run(monkeypatch, "a_to_i", "--out", "letters") == 0
    (resumed,) = {range_ for *_, range_ in kaggle.requests if range_}
    assert int(resumed[6:-1]) > 1_000_000
    assert next(iter(Path("letters").rglob("A1.jpg"))).read_bytes() == noise
    assert [p.name for p in Path().iterdir()] == ["letters"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "does not know this API token"),
        (403, "accept its terms"),
        (404, "is no more"),
        (429, "in an hour"),
        (503, "the error 503"),
    ],
)
def test_a_refusal_is_one_line(
    kaggle: Kaggle,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: int,
    said: str,
) -> None:
    """Whatever Kaggle refuses, the line says why, and nothing is left."""
    kaggle.refuses = status
    assert run(monkeypatch, "digits") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not list(Path("out/data").iterdir())


def test_a_damaged_archive_is_one_line(
    kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no archive is not kept, so that the next run begins anew."""
    kaggle.content = b"<html>maintenance</html>"
    assert run(monkeypatch, "sign_mnist") == 2
    assert "is damaged; run this again" in capsys.readouterr().err.splitlines()[-1]
    assert not list(Path("out/data").iterdir())


def test_a_set_that_has_changed_is_refused(
    kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An archive without what the recipe reads does not pass for its data."""
    kaggle.content = archive({"readme": b"moved"})
    assert run(monkeypatch, "sign_mnist") == 2
    assert "has changed" in capsys.readouterr().err.splitlines()[-1]
    assert not Path("out/data/sign-language-mnist").exists()


@pytest.mark.parametrize(
    ("code", "said"), [(errno.ENOSPC, "is full; make room"), (errno.EACCES, "cannot write")]
)
def test_a_disk_that_takes_nothing_is_one_line(
    kaggle: Kaggle,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: int,
    said: str,
) -> None:
    """A full disk leaves nothing behind that would fill it."""
    kaggle.content = ALPHABET

    def extract(self: zipfile.ZipFile, path: str) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(zipfile.ZipFile, "extractall", extract)
    assert run(monkeypatch, "a_to_i", "--out", "letters") == 2
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert not Path("letters").exists()


def test_another_folder_is_not_filled(
    kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder with other things in it stays as it is."""
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")
    assert run(monkeypatch, "digits", "--out", "mine") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--out FOLDER" in line
    assert not kaggle.requests
    assert [p.name for p in Path("mine").iterdir()] == ["thesis.txt"]


def test_without_a_network_it_says_so(
    kaggle: Kaggle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody answers: one line, and no folder."""
    kaggle.shutdown()
    kaggle.server_close()
    assert run(monkeypatch, "digits") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot reach Kaggle" in line
    assert not list(Path("out/data").iterdir())


@pytest.mark.usefixtures("nobody")
def test_without_a_token_it_says_where_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line: the page that makes a token, and the file that it goes into."""
    assert run(monkeypatch, "digits") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "kaggle.com/settings/api" in line
    assert "~/.kaggle/access_token" in line


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("content", ["{", '{"username": "someone"}'])
def test_a_token_of_the_older_kind_that_is_broken_is_named(
    content: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A kaggle.json without a key, or that is none, is one line that names it."""
    (tmp_path / ".kaggle").mkdir()
    (tmp_path / ".kaggle" / "kaggle.json").write_text(content)
    assert run(monkeypatch, "digits") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "kaggle.json" in line


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("kind", ["access_token", "kaggle.json", "environment"])
def test_every_kind_of_token_is_found(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the new kind and of the old: where Kaggle's library looks, a token is."""
    (tmp_path / ".kaggle").mkdir()
    if kind == "environment":
        monkeypatch.setenv("KAGGLE_USERNAME", "someone")
        monkeypatch.setenv("KAGGLE_KEY", "0123")
    else:
        content = "KGAT_x" if kind == "access_token" else '{"username": "someone", "key": "01"}'
        (tmp_path / ".kaggle" / kind).write_text(content)
    assert fetch._library().__name__ == "kagglehub"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dynamic", "fingerspell record --motion"),
        ("digit", "did you mean digits"),
        ("x", "only sign_mnist, alphabet_transfer, a_to_i, digits"),
    ],
)
def test_a_name_without_data_is_refused(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gestures of one's own are recorded; a name that is no recipe gets the nearest one."""
    assert run(monkeypatch, name) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_without_the_library_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says how to install what training needs."""
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    assert run(monkeypatch, "digits") == 2
    assert "make train-setup" in capsys.readouterr().err
