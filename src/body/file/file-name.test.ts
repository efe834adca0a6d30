import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extensionOf, fileNameFault, type FileNameRules } from './file-name.ts';

const RULES: FileNameRules = { length: 255, extensions: null, matches: null };

test('names that people give files pass', () => {
  const names = [
    'photo.png',
    'Bericht 2026 (Entwurf).pdf',
    '写真.jpg',
    'report.v1.2.final.docx',
    'naïve résumé.odt',
    'Makefile',
    'image with spaces.JPEG',
    'a-b_c~d+e=f,g@h#i!.txt',
    "O'Brien.pdf",
    '100%.png',
    'acme.example.com.pdf',
    'über.tar.gz',
    'فاتورة.pdf',
    'कृषि‍.txt',
  ];
  for (const name of names) assert.equal(fileNameFault(name, RULES), null, name);
});

const REFUSED: readonly (readonly [fault: string, ...names: readonly string[]])[] = [
  [
    'characters',
    '../a.png',
    'a/b.png',
    'a\\b.png',
    'C:a.png',
    'a.png::$DATA',
    'a\0.png',
    'a\n.png',
    '<svg>.png',
    'a"b.png',
  ],
  ['characters', 'a%2fb.png', 'a%5Cb.png', 'a.php%00.png', '%252e%252e', 'a%0d%0a.png', 'a∕\u2028b.png'],
  [
    'characters',
    'gnp.\u202etxt',
    'a\u200b.png',
    'a\ufeff.png',
    'a\u2066b.png',
    'a\u{e0041}.png',
    'a\ud800.png',
    'a?.png',
    'a*.png',
  ],
  [
    'reserved',
    '',
    '.',
    '..',
    '.htaccess',
    '.env',
    'a.png.',
    'a.png ',
    ' a.png',
    'CON',
    'nul.png',
    'Com1.txt',
    'LPT¹.pdf',
    'aux .txt',
    '．htaccess',
    '..／a.png',
  ],
  [
    'runs',
    'a.php',
    'a.PHP',
    'a.php.png',
    'a.phtml',
    'a.php5',
    'a.pHp7.jpg',
    'shell.jsp',
    'a.aspx',
    'a.asp;.jpg',
    'a.php .png',
    'a.php-ms.png',
  ],
  [
    'runs',
    'a.exe',
    'a.bat',
    'a.ps1',
    'a.html',
    'a.js',
    'a.svgz',
    'a.hta',
    'a.lnk',
    'a.jar',
    'a.sh',
    'web.config',
    'a.ｐｈｐ',
  ],
  ['length', `${'a'.repeat(252)}.png`, `${'ü'.repeat(126)}.png`],
];

for (const [fault, ...names] of REFUSED)
  for (const name of names)
    test(`${fault}: ${JSON.stringify(name)}`, () => assert.equal(fileNameFault(name, RULES), fault));

test('extensions that are asked for pass, and no others', () => {
  const rules = { ...RULES, extensions: ['png', 'js'] };
  assert.equal(fileNameFault('a.png', rules), null);
  assert.equal(fileNameFault('a.PNG', rules), null);
  assert.equal(fileNameFault('a.js', rules), null);
  assert.equal(fileNameFault('a.pdf', rules), 'extension');
  assert.equal(fileNameFault('png', rules), 'extension');
  assert.equal(fileNameFault('a.php.png', rules), 'runs');
});

test('a pattern is asked about the name as it was sent', () => {
  const asked: string[] = [];
  const matches = (name: string): boolean => asked.push(name) > 1;
  assert.equal(fileNameFault('ﬁle.png', { ...RULES, matches }), 'pattern');
  assert.equal(fileNameFault('ﬁle.png', { ...RULES, matches }), null);
  assert.deepEqual(asked, ['ﬁle.png', 'ﬁle.png']);
});

test('an extension is what stands behind the last dot', () => {
  assert.deepEqual(['a.tar.GZ', 'a', 'a.', '.a'].map(extensionOf), ['gz', '', '', 'a']);
});
