#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the commits of the suites anew, with the files that kunit/ has now.

usage: next/rebuild.py TREE

TREE is a git tree with the tags "base" (the kernel) and "series" (the patches as
commits). The branch "new" becomes base and these commits again, of which each one in
next/families.tsv has its files, the headers that they are the first to need, and what
these need of Makefile and Kconfig. Only objects and that branch are written.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
KUNIT = ROOT / 'kunit'


def read_families():
    """{subject of a commit: regex of the sources that it has}, in their order."""
    lines = (ROOT / 'next' / 'families.tsv').read_text(encoding='utf-8').splitlines()
    return dict(line.split('\t') for line in lines)


def headers(file, text, seen):
    """What a file includes, directly or not, of the files in text."""
    for header in re.findall(r'#include "(\w+\.h)"', text[file]):
        if header in text and header not in seen:
            seen.add(header)
            headers(header, text, seen)
    return seen


def owners(text, families):
    """{file: the subject of the commit that it comes with}"""
    owner = {'mm_kunit.c': next(iter(families))}
    for file in text:
        if not file.endswith('_kunit.c') or file in owner:
            continue
        found = [subject for subject, regex in families.items() if re.fullmatch(regex, file)]
        if len(found) != 1:
            sys.exit(f'{file} is in {len(found)} families: {found}')
        owner[file] = found[0]
    for subject in families:
        for file in [file for file in owner if owner[file] == subject]:
            for header in headers(file, text, set()):
                owner.setdefault(header, subject)
    if set(text) - set(owner):
        sys.exit(f'nobody includes {sorted(set(text) - set(owner))}')
    return owner


def makefile(have):
    """Makefile, as far as it names objects of these files."""
    lines = []
    for line in (KUNIT / 'Makefile').read_text(encoding='utf-8').split('\n'):
        rule = re.match(r'(obj-\S+ \+=) (.*)', line)
        if rule:
            objects = [name for name in rule[2].split() if name.replace('.o', '.c') in have]
            if not objects:
                continue
            line = f'{rule[1]} {" ".join(objects)}'
        lines.append(line)
    text, count = '\n'.join(lines), 1
    while count:
        text, count = re.subn(r'ifdef \w+\nendif\n', '', text)
    return re.sub(r'\n\n+', '\n\n', text)


def kconfig(have, text):
    """Kconfig, as far as that Makefile and these files need it."""
    symbols = set(re.findall(r'CONFIG_(\w+)', makefile(have)))
    if any('vmap_pfn(' in text[file] for file in have if file.endswith('.c')):
        symbols.add('VMAP_PFN_ENABLE_FOR_KUNIT')
    whole = (KUNIT / 'Kconfig').read_text(encoding='utf-8')
    entries = re.sub(r'^endif.*\Z', '', whole, flags=re.M | re.S)
    head, *entries = re.split(r'^(?=config )', entries, flags=re.M)
    kept = [entry for entry in entries if re.match(r'config (\w+)', entry)[1] in symbols]
    return head + ''.join(kept) + re.search(r'^endif.*\Z', whole, re.M | re.S)[0]


class Tree:
    """A git tree with an index of its own."""

    def __init__(self, path, index):
        self.path = path
        self.env = dict(os.environ, GIT_INDEX_FILE=index)

    def git(self, *args, stdin=None):
        run = subprocess.run(['git', '-C', self.path, *args], env=self.env, input=stdin,
                             capture_output=True, check=False)
        if run.returncode:
            sys.exit(f'git {" ".join(args[:2])}: {run.stderr.decode()}')
        return run.stdout

    def line(self, *args, stdin=None):
        return self.git(*args, stdin=stdin).decode().strip()

    def add(self, path, content):
        blob = self.line('hash-object', '-w', '--stdin', stdin=content.encode())
        self.git('update-index', '--add', '--cacheinfo', f'100644,{blob},{path}')

    def commit_like(self, commit, parent):
        name, mail, date = self.git('log', '-1', '--format=%an%n%ae%n%aI', commit).decode().split('\n')[:3]
        for who in ('AUTHOR', 'COMMITTER'):
            self.env.update({f'GIT_{who}_NAME': name, f'GIT_{who}_EMAIL': mail,
                             f'GIT_{who}_DATE': date})
        return self.line('commit-tree', self.line('write-tree'), '-p', parent,
                         stdin=self.git('log', '-1', '--format=%B', commit))


def rebuild(tree, text, families):
    owner, have = owners(text, families), set()
    tip = tree.line('rev-parse', 'base^{commit}')
    tree.git('read-tree', tip)
    for commit in tree.line('rev-list', '--reverse', 'base..series').split():
        subject = tree.line('log', '-1', '--format=%s', commit)
        rest = tree.git('diff', '--binary', f'{commit}^', commit, '--', '.', ':!mm/tests')
        if rest:
            tree.git('apply', '--cached', '--whitespace=nowarn', stdin=rest)
        if families.pop(subject, None):
            new = [file for file in owner if owner[file] == subject]
            have.update(new)
            for file in new:
                tree.add(f'mm/tests/{file}', text[file])
            tree.add('mm/tests/Makefile', makefile(have))
            tree.add('mm/tests/Kconfig', kconfig(have, text))
        elif '.kunitconfig' in subject:
            tree.add('mm/tests/.kunitconfig', (ROOT / '.kunitconfig').read_text(encoding='utf-8'))
        tip = tree.commit_like(commit, tip)
    if families:
        sys.exit(f'series has no commit {list(families)}')
    for file in [*text, 'Makefile', 'Kconfig']:
        if tree.git('show', f'{tip}:mm/tests/{file}').decode() != (KUNIT / file).read_text(encoding='utf-8'):
            sys.exit(f'{file} would not be in the end what it is in kunit/')
    tree.git('update-ref', 'refs/heads/new', tip)
    print(f'new is {tip}, with {len(have)} files in {len(set(owner.values()))} commits')


def main(args):
    if len(args) != 1 or args[0].startswith('-'):
        print(__doc__.strip())
        return 0 if args in (['-h'], ['--help']) else 2
    text = {file.name: file.read_text(encoding='utf-8')
            for file in sorted(KUNIT.glob('*.[ch]'))}
    with tempfile.TemporaryDirectory() as folder:
        rebuild(Tree(args[0], os.path.join(folder, 'index')), text, read_families())
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
