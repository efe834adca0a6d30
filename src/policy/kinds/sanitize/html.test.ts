import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HtmlProfile } from './config.ts';
import { HtmlBudget, loadHtmlSanitizer } from './html.ts';
import { cleanerOf } from './text-cleaner.ts';

const sanitize = await loadHtmlSanitizer();

function clean(text: string, html: HtmlProfile): string | null {
  return cleanerOf([{ html }], sanitize)(text, new HtmlBudget());
}

const PICTURES: HtmlProfile = {
  tags: ['p', 'a', 'img', 'span'],
  attributes: { a: ['href'], img: ['src', 'alt'], '*': ['class', 'lang'] },
};

for (const [profile, text, expected] of [
  ['text', '<p>a <b>b</b></p>', 'a b'],
  ['text', '5 < 6 & 7 > 6', '5 &lt; 6 &amp; 7 &gt; 6'],
  ['text', '&lt;b&gt;', '&lt;b&gt;'],
  ['text', 'plain, with "quotes"', 'plain, with "quotes"'],
  ['basic', '<p>a <b>b</b><br><i>c</i></p>', '<p>a <b>b</b><br /><i>c</i></p>'],
  [
    'basic',
    '<a href="https://a.example/?b=1&amp;c" title="d" onclick=x>e</a>',
    '<a href="https://a.example/?b=1&amp;c" title="d">e</a>',
  ],
  ['basic', '<a href="/x#y">e</a>', '<a href="/x#y">e</a>'],
  ['basic', '<a href="//evil.example">e</a>', '<a>e</a>'],
  ['basic', '<a href="data:text/html,x">e</a><a href=vbscript:x>f</a>', '<a>e</a><a>f</a>'],
  ['basic', '<p style="x" id=a class=b name=c>d</p>', '<p>d</p>'],
  ['basic', 'a<script>b</script>c<style>d</style>e<svg><p>f</p></svg>g<math>h</math>', 'aceg'],
  ['basic', '<h1>a</h1><div>b</div><img src=x>', 'ab'],
  [
    PICTURES,
    '<img src="https://a.example/b.png" alt="" onerror=x><span class=c lang=de dir=rtl>d</span>',
    '<img src="https://a.example/b.png" alt="" /><span class="c" lang="de">d</span>',
  ],
  [PICTURES, '<img src="mailto:a@b.example"><img src="data:image/svg+xml,x">', '<img /><img />'],
] as const satisfies readonly (readonly [HtmlProfile, string, string])[]) {
  test(`${typeof profile === 'string' ? profile : 'own'}: ${text}`, () => assert.equal(clean(text, profile), expected));
}

test('elements deeper than any text has are left out, and the text in them stays', () => {
  const cleaned = clean(`${'<b>'.repeat(100)}x${'</b>'.repeat(100)}`, 'basic') ?? '';
  assert.equal(cleaned, `${'<b>'.repeat(64)}x${'</b>'.repeat(64)}`);
});
