#!/usr/bin/env python3
"""rebuild.py: makes branch "new" in TREE: base + the commits of "series", with mm/tests as in ./kunit."""
import pathlib, re, subprocess, sys, os
SRC = 'TREE'
K = pathlib.Path('./kunit')
ENV = dict(os.environ, GIT_INDEX_FILE='/tmp/rebuild.index')
def git(*a, input=None, text=True):
    r = subprocess.run(['git', '-C', SRC, *a], env=ENV, input=input, capture_output=True, text=text)
    if r.returncode: sys.exit(f'git {a[:3]}: {r.stderr}')
    return r.stdout
# subject -> regex of the sources that it has
FAMILY = [l.split('\t') for l in open('families.tsv').read().splitlines() if l and not l.startswith('#')]
files = sorted(p.name for p in K.iterdir() if p.is_file() and p.suffix in ('.c', '.h'))
text = {f: (K / f).read_text() for f in files}
subjects = [s for s, _ in FAMILY]
owner = {}
for f in files:
    if f.endswith('_kunit.c') and f != 'mm_kunit.c':
        hit = [s for s, rx in FAMILY if re.fullmatch(rx, f)]
        if len(hit) != 1: sys.exit(f'{f}: {hit}')
        owner[f] = hit[0]
owner['mm_kunit.c'] = subjects[0]
# a header comes with the first source that needs it
def headers(f, seen):
    for h in re.findall(r'#include "(\w+\.h)"', text[f]):
        if h in text and h not in seen:
            seen.add(h); headers(h, seen)
    return seen
done = set()
for s in subjects:
    for f in [f for f in files if owner.get(f) == s and f.endswith('.c')]:
        for h in headers(f, set()):
            if h not in done:
                owner[h] = s; done.add(h)
left = [f for f in files if f not in owner]
if left: sys.exit(f'nobody uses {left}')
def makefile(have):
    out, block = [], None
    lines = (K / 'Makefile').read_text().split('\n')
    res = []
    i = 0
    # join continuation lines
    logical = []
    for l in lines:
        if logical and logical[-1].endswith('\\'): logical[-1] += '\n' + l
        else: logical.append(l)
    for l in logical:
        m = re.match(r'(obj-\$\(\w+\)|obj-y)\s*\+=(.*)', l, re.S)
        if m:
            objs = re.findall(r'(\w+)\.o', m[2])
            keep = [o for o in objs if o + '.c' in have]
            if not keep: continue
            if len(keep) == len(objs): res.append(l)
            else: res.append(f'{m[1]} += ' + ' '.join(o + '.o' for o in keep))
        else: res.append(l)
    t = '\n'.join(res)
    t = re.sub(r'\nifdef \w+\nendif', '', t)
    t = re.sub(r'\nifeq [^\n]*\nendif', '', t)
    t = re.sub(r'\n\n+', '\n\n', t)
    return t
def kconfig(have):
    t = (K / 'Kconfig').read_text()
    syms = set(re.findall(r'CONFIG_(\w+)', makefile(have)))
    parts = re.split(r'(?m)^(?=config )', t)
    out = parts[0]
    for n, p in enumerate(parts[1:]):
        tail = ''
        m = re.search(r'(?m)^endif.*\Z', p, re.S)
        if m and n == len(parts) - 2: tail = m[0]; p = p[:m.start()]
        name = re.match(r'config (\w+)', p)[1]
        if name in syms or (name == 'VMAP_PFN_ENABLE_FOR_KUNIT' and any('vmap_pfn(' in text[f] for f in have if f.endswith('.c'))):
            out += p
        if tail: out += tail
    return out
def add(path, content, mode='100644'):
    blob = git('hash-object', '-w', '--stdin', input=content).strip()
    git('update-index', '--add', '--cacheinfo', f'{mode},{blob},{path}')
try: os.unlink('/tmp/rebuild.index')
except FileNotFoundError: pass
parent = git('rev-parse', 'base').strip()
git('read-tree', 'base')
base_tests = set(git('ls-tree', '--name-only', 'base', 'mm/tests/').split())
have = set()
seen = []
MSG = {}
mp = pathlib.Path('messages')
if mp.exists():
    for f in mp.iterdir():
        b = f.read_text(); MSG[b.split('\n')[0] if not b.startswith('OLD: ') else b.split('\n')[0][5:]] = b if not b.startswith('OLD: ') else b.split('\n', 1)[1]
for c in git('rev-list', '--reverse', 'base..series').split():
    subject = git('log', '-1', '--format=%s', c).strip()
    diff = subprocess.run(['git', '-C', SRC, 'diff', '--binary', f'{c}^', c, '--', '.', ':!mm/tests'], capture_output=True).stdout
    if diff: subprocess.run(['git', '-C', SRC, 'apply', '--cached', '--whitespace=nowarn'], env=ENV, input=diff, check=True)
    if subject in subjects:
        seen.append(subject)
        have |= {f for f, s in owner.items() if s == subject}
        for f in [f for f, s in owner.items() if s == subject]: add('mm/tests/' + f, text[f])
        # the base's own Makefile lines?
        add('mm/tests/Makefile', makefile(have)); add('mm/tests/Kconfig', kconfig(have))
    elif '.kunitconfig' in subject:
        add('mm/tests/.kunitconfig', pathlib.Path('./.kunitconfig').read_text())
    tree = git('write-tree').strip()
    msg = MSG.get(subject) or git('log', '-1', '--format=%B', c)
    info = git('log', '-1', '--format=%an%n%ae%n%aI', c).split('\n')
    ENV.update(GIT_AUTHOR_NAME=info[0], GIT_AUTHOR_EMAIL=info[1], GIT_AUTHOR_DATE=info[2], GIT_COMMITTER_NAME=info[0], GIT_COMMITTER_EMAIL=info[1], GIT_COMMITTER_DATE=info[2])
    parent = git('commit-tree', tree, '-p', parent, input=msg).strip()
missing = [s for s in subjects if s not in seen]
if missing: sys.exit(f'no commit {missing}')
# the end is as here
for f in files + ['Makefile', 'Kconfig']:
    if git('show', f'{parent}:mm/tests/{f}') != (K / f).read_text(): print('differs:', f)
git('update-ref', 'refs/heads/new', parent)
print('new is', parent, len(have), 'files')
