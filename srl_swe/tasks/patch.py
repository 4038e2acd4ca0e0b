"""Patches between trees in memory: git-style unified diffs, made and applied in pure Python.

A tree is a dict of path to bytes. Applying never touches a disk, demands the exact context of every hunk, and accepts
it at another line than the patch says (the nearest one). Binary patches, copies and file modes are not supported.
"""

__all__ = ["apply_changes", "apply_patch", "changed_paths", "diff_trees", "file_patches", "reverse_patch"]

import difflib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from unidiff import Hunk, PatchedFile, PatchSet
from unidiff.errors import UnidiffParseError

_NO_NEWLINE = "\\ No newline at end of file\n"


def diff_trees(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """The git-style diff that turns `before` into `after`; equal trees give "". The same trees give the same text.

    A file that is not UTF-8 text appears only as "Binary files … differ"; a name that git would have to quote is
    left out.
    """
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return "".join(_diff_file(path, before.get(path), after.get(path)) for path in changed if _plain(path))


def file_patches(patch: str) -> list[PatchedFile]:
    """The patch by file, as unidiff reads it. Raises ValueError with one sentence when it is not a unified diff."""
    try:
        files = list(PatchSet(_lines(patch)))
    except (UnidiffParseError, UnicodeError) as error:
        raise ValueError(f"not a unified diff: {' '.join(str(error).split())}") from error
    if not files and patch.strip():
        raise ValueError("not a unified diff: it names no file")
    if not all(changed_paths(change) for change in files):
        raise ValueError("not a unified diff: a change without a path")
    return files


def apply_patch(files: Mapping[str, bytes], patch: str) -> dict[str, bytes]:
    """The tree after the patch; `files` stays as it was. Raises ValueError saying which file and hunk do not fit."""
    return apply_changes(files, file_patches(patch))


def apply_changes(files: Mapping[str, bytes], changes: Iterable[PatchedFile]) -> dict[str, bytes]:
    """`apply_patch` for a patch that is already read."""
    after = dict(files)
    for change in changes:
        _apply_file(after, change)
    folders = {str(folder) for path in after for folder in PurePosixPath(path).parents}
    if both := folders.intersection(after):
        raise ValueError(f"{min(both)}: would be a file and a folder")
    return after


def changed_paths(change: PatchedFile) -> list[str]:
    """The path before and the path after; one of them where the file is new or deleted."""
    names = (change.source_file.removeprefix("a/"), change.target_file.removeprefix("b/"))
    return [name for name in names if name != "/dev/null"]


def reverse_patch(patch: str) -> str:
    """The patch that undoes this one. Raises ValueError for binary changes and renames."""
    return "".join(_reverse_file(change) for change in file_patches(patch))


def _plain(path: str) -> bool:
    return path.isprintable() and '"' not in path and "\\" not in path


def _lines(text: str) -> list[str]:
    """Lines that end at a line feed and nowhere else, as git sees them."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _text(content: bytes | None) -> str | None:
    if content is None:
        return ""
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _diff_file(path: str, before: bytes | None, after: bytes | None) -> str:
    old_name = "/dev/null" if before is None else f"a/{path}"
    new_name = "/dev/null" if after is None else f"b/{path}"
    head = f"diff --git a/{path} b/{path}\n"
    head += "new file mode 100644\n" if before is None else "deleted file mode 100644\n" if after is None else ""
    old, new = _text(before), _text(after)
    if old is None or new is None:
        return f"{head}Binary files {old_name} and {new_name} differ\n"
    stop = "\t" if " " in path else ""  # git ends a name with a tab when it holds a space
    hunks = list(difflib.unified_diff(_lines(old), _lines(new)))[2:]
    body = "".join(line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}" for line in hunks)
    return f"{head}--- {old_name}{stop}\n+++ {new_name}{stop}\n{body}" if body else head


def _adds(change: PatchedFile) -> bool:
    """unidiff's own test also holds for an empty file that gets its first line."""
    return bool(change.source_file == "/dev/null")


def _removes(change: PatchedFile) -> bool:
    return bool(change.target_file == "/dev/null")


def _apply_file(tree: dict[str, bytes], change: PatchedFile) -> None:
    paths = changed_paths(change)
    source, target = paths[0], paths[-1]
    if change.is_binary_file:
        raise ValueError(f"{target}: binary changes are not supported")
    if any("copy from " in line for line in change.patch_info or ()):
        raise ValueError(f"{target}: copies are not supported")
    if _adds(change):
        if target in tree:
            raise ValueError(f"{target}: the patch creates it, but it is there")
        tree[target] = _apply_hunks(target, b"", change)
        return
    if source not in tree:
        raise ValueError(f"{source}: no such file")
    content = _apply_hunks(source, tree.pop(source), change)
    if _removes(change):
        if content:
            raise ValueError(f"{source}: the patch deletes it, but not all of its lines")
        return
    if target != source and target in tree:
        raise ValueError(f"{target}: the patch renames {source} to it, but it is there")
    tree[target] = content


def _apply_hunks(path: str, content: bytes, change: PatchedFile) -> bytes:
    lines = _lines(content.decode("utf-8", "surrogateescape"))
    done = shift = 0  # lines already patched; how far the last hunk was from where the patch said
    out: list[str] = []
    for number, hunk in enumerate(change, start=1):
        old, new = _side(hunk, "-"), _side(hunk, "+")
        expected = hunk.source_start - (1 if old else 0) + shift
        at = _nearest(lines, old, expected, done)
        if at is None:
            raise ValueError(f"{path}: hunk {number} (line {hunk.source_start}) does not match the file")
        shift += at - expected
        out += lines[done:at] + new
        done = at + len(old)
    return "".join(out + lines[done:]).encode("utf-8", "surrogateescape")


def _side(hunk: Hunk, sign: str) -> list[str]:
    """The lines of one side of a hunk; the marker "no newline" takes the line feed off the line before it."""
    lines: list[str] = []
    mine = False
    for line in hunk:
        if line.line_type == "\\":
            if mine:
                lines[-1] = lines[-1].removesuffix("\n")
            continue
        mine = line.line_type in (" ", sign)
        if mine:
            lines.append(line.value)
    return lines


def _nearest(lines: list[str], wanted: list[str], expected: int, first: int) -> int | None:
    """Where `wanted` stands in `lines` at or after `first`, as near to `expected` as can be."""
    places = range(first, len(lines) - len(wanted) + 1)
    if not wanted:  # an insertion without context is believed as it stands
        return expected if first <= expected <= len(lines) else None
    for at in sorted(places, key=lambda place: abs(place - expected)):
        if lines[at] == wanted[0] and lines[at : at + len(wanted)] == wanted:
            return at
    return None


def _reverse_file(change: PatchedFile) -> str:
    if change.is_binary_file or change.is_rename:
        raise ValueError(f"{change.path}: binary changes and renames cannot be reversed")
    head = f"diff --git a/{change.path} b/{change.path}\n"
    head += "deleted file mode 100644\n" if _adds(change) else ""
    head += "new file mode 100644\n" if _removes(change) else ""
    old = "/dev/null" if _removes(change) else f"a/{change.path}"
    new = "/dev/null" if _adds(change) else f"b/{change.path}"
    hunks = "".join(_reverse_hunk(hunk) for hunk in change)
    return f"{head}--- {old}\n+++ {new}\n{hunks}" if hunks else head


def _reverse_hunk(hunk: Hunk) -> str:
    """The hunk with its sides swapped; within a run of changes, what is taken away stands before what is put in."""
    out: list[str] = []
    taken: list[str] = []
    put: list[str] = []
    side = out
    for line in hunk:
        if line.line_type == "\\":
            side[-1] += f"\\{line.value}"
            continue
        side = {"+": taken, "-": put}.get(line.line_type, out)
        if side is out:
            out += taken + put
            taken.clear()
            put.clear()
        side.append({"+": "-", "-": "+"}.get(line.line_type, " ") + line.value)
    section = f" {hunk.section_header}" if hunk.section_header else ""
    head = f"@@ -{hunk.target_start},{hunk.target_length} +{hunk.source_start},{hunk.source_length} @@{section}\n"
    return head + "".join(out + taken + put)
