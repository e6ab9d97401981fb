#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The package for Debian that scripts/building_by_hand_test.sh has made: lintian accepts it; where nothing is installed
but what it depends on, it can be installed, and the first example in README works; and its removal leaves no trace.
"""
import os
import re
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from package_test import run  # noqa: E402
from pipeline import BIN_DIR, SOURCE_DIR, VERSION, PipelineTest, main  # noqa: E402


def packages_needed(depends: str) -> set[str]:
    """The installed packages that a list of dependencies names, and all that they depend on."""
    found: set[str] = set()
    names = re.findall(r'(?:^|,) *([a-z\d][a-z\d.+-]*)', depends)
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            of_it = run('dpkg-query', '-W', '-f', '${Pre-Depends},${Depends}', name)
            names += re.findall(r'(?:^|,) *([a-z\d][a-z\d.+-]*)', of_it)
    return found


class DebTest(PipelineTest):
    def setUp(self):
        super().setUp()
        packages = list((BIN_DIR.parent / 'by_hand').glob('*.deb'))
        if not packages:
            self.skipTest('there is no package: building_by_hand_test.sh has not made it')
        self.package, = packages

    def test_lintian_accepts_it(self):
        if not shutil.which('lintian'):
            self.skipTest('there is no lintian')
        self.assertEqual(run('lintian', '--allow-root', '--no-user-dirs', '--fail-on', 'error,warning', self.package), '')

    def test_it_says_what_it_is(self):
        fields = dict(line.split(': ', 1) for line in run('dpkg-deb', '--field', self.package).splitlines()
                      if re.match(r'\w', line))
        changelog = SOURCE_DIR / 'scripts/debian/changelog'
        self.assertEqual(fields['Version'], VERSION)
        for field in 'Version', 'Maintainer':
            self.assertEqual(run('dpkg-parsechangelog', '-l', changelog, '-S', field).rstrip(), fields[field])
        self.assertIn('libc6', fields['Depends'])
        self.assertNotIn('boost', fields['Depends'])

    def test_installed_used_and_removed(self):
        if os.geteuid() != 0:
            self.skipTest('only root can install a package')
        root = self.bare_root()
        before = self.files(root)
        dpkg = 'dpkg', '--root', root, '--log', self.work / 'log'

        run(*dpkg, '--install', self.package)
        example = re.search(r'^    \$ cat in\.csv\n((?:    [\d-].*\n)+)    \$ (.*)\n((?:    \d.*\n)+)',
                            (SOURCE_DIR / 'README.md').read_text(), re.MULTILINE)
        rows, command, lines = (part.replace('    ', '') for part in example.groups())
        (root / 'home/in.csv').write_text(rows)
        in_root = run('chroot', root, 'sh', '-euc', f'cd /home; {command}; run_pipeline --version',
                      env={'PATH': f'/usr/bin:{os.environ["PATH"]}'})
        self.assertEqual(in_root, f'{lines}run_pipeline (row sums) {VERSION}\n')

        run(*dpkg, '--purge', 'rowsum')
        self.assertEqual(self.files(root) - before, {'home/in.csv'})
        self.assertEqual(before - self.files(root), set())

    def bare_root(self) -> Path:
        """A directory with a shell and with what the package depends on, both as files and in the database of dpkg."""
        root = self.work / 'root'
        database = root / 'var/lib/dpkg'
        for directory in root / 'usr/bin', root / 'dev', root / 'home', database / 'info', database / 'updates':
            directory.mkdir(parents=True)
        (root / 'dev/null').touch()
        for link in Path('/').iterdir():  # such as /lib
            if link.is_symlink() and not link.readlink().is_absolute():
                (root / link.readlink()).mkdir(exist_ok=True)
                (root / link.name).symlink_to(link.readlink())
        needed = sorted(packages_needed(run('dpkg-deb', '--field', self.package, 'Depends')))
        (database / 'status').write_text(run('dpkg-query', '--status', *needed))
        (database / 'info/format').write_text('1\n')
        listed = run('dpkg-query', '--listfiles', *needed).splitlines()
        for file in map(Path, ['/bin/sh', '/bin/dash', *filter(None, listed)]):
            if file.is_symlink() or file.is_file():
                copy = root / file.relative_to('/')
                copy.parent.mkdir(parents=True, exist_ok=True)
                if not copy.is_symlink():
                    shutil.copy2(file, copy, follow_symlinks=False)
        return root

    def files(self, root: Path) -> set[str]:
        """All paths below the directory, apart from dpkg's own notes. Those about single packages do count."""
        paths = {str(path.relative_to(root)) for path in root.rglob('*')}
        return {path for path in paths if not re.match(r'var/lib/dpkg/(?!info/.)', path)}


if __name__ == '__main__':
    main()
