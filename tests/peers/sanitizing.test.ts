import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../framing/gateway-process.ts';
import { startLocalServer } from '../system/local-server.ts';
import { openBrowser } from './browser.ts';

const RUN = 'globalThis.ran=(globalThis.ran||0)+1';

/** What is known to run where it is put into a page as it is, in the browsers of today. */
const RUNS: readonly string[] = [
  `<img src=x onerror=${RUN}>`,
  `<svg><style><img src=x onerror=${RUN}></style></svg>`,
  `<iframe srcdoc="<script>parent.${RUN.replaceAll('globalThis', 'parent')}</script>"></iframe>`,
  `<video><source onerror=${RUN}></video>`,
  `<details open ontoggle=${RUN}>x</details>`,
  `<input autofocus onfocus=${RUN}>`,
  `<math><mtext><table><mglyph><style><img src=x onerror=${RUN}></style></mglyph></table></mtext></math>`,
  `<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=${RUN}>`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
];

/** Others of the kinds that parsers read in two ways: raw text, foreign elements, comments, breaking off, entities, names. */
const TRICKS: readonly string[] = [
  `<a id=x tabindex=1 autofocus onfocus=${RUN}>y</a>`,
  `<svg onload=${RUN}>`,
  `<math><mi//xlink:href="data:x,<script>${RUN}</script>">`,
  `<svg></p><style><a id="</style><img src=1 onerror=${RUN}>">`,
  `<svg><p><style><a id="</style><img src=1 onerror=${RUN}>"></p></svg>`,
  `<math><p></p><style><!--</style><img src=x onerror=${RUN}>--></style></math>`,
  `<math><annotation-xml encoding="text/html"><style><img src=x onerror=${RUN}></style></annotation-xml></math>`,
  `<svg><foreignObject><math><mi><style><!--</style><img src=x onerror=${RUN}>-->`,
  `<svg><desc><![CDATA[</desc><img src=x onerror=${RUN}>]]></svg>`,
  `<svg><![CDATA[><img src=x onerror=${RUN}>]]></svg>`,
  `<template><s><template><s><img src=x onerror=${RUN}>@</s></template></s></template>`,
  `<noembed><img title="</noembed><img src=x onerror=${RUN}>"></noembed>`,
  `<noframes><p title="</noframes><img src=x onerror=${RUN}>">`,
  `<xmp><p title="</xmp><img src=x onerror=${RUN}>">`,
  `<iframe><p title="</iframe><img src=x onerror=${RUN}>">`,
  `<title><p title="</title><img src=x onerror=${RUN}>">`,
  `<textarea><p title="</textarea><img src=x onerror=${RUN}>">`,
  `<style><p title="</style><img src=x onerror=${RUN}>">`,
  `<select><template><style></select><img src=x onerror=${RUN}>`,
  `<select><iframe></select><img src=x onerror=${RUN}>`,
  `<option><style></option></select><b><img src=x onerror=${RUN}></style></option>`,
  `<table><caption><template><img src=x onerror=${RUN}></table>`,
  `<plaintext><img src=x onerror=${RUN}>`,
  `<!--><img src=x onerror=${RUN}>-->`,
  `<!--!--><img src=x onerror=${RUN}>-->`,
  `<!-- --!><img src=x onerror=${RUN}>-->`,
  `<!-- x--!><img src=x onerror=${RUN}>`,
  `<![><img src=x onerror=${RUN}>`,
  `<?xml ?><img src=x onerror=${RUN}>?>`,
  `</ a><img src=x onerror=${RUN}>`,
  `</1><img src=x onerror=${RUN}>`,
  `<b <script>${RUN}</script>0`,
  `<b title='><img src=x onerror=${RUN}>'>`,
  `<b title="\`><img src=x onerror=${RUN}>\`">`,
  `<b title="&quot;><img src=x onerror=${RUN}>">`,
  `<b title="&#34&gt&ltimg src=x onerror=${RUN}&gt">`,
  `<a href="javascript:${RUN}">x</a>`,
  `<a href="JaVa\tScRiPt:${RUN}">x</a>`,
  `<a href="java&NewLine;script&colon;${RUN}">x</a>`,
  `<a href="&#1;javascript:${RUN}">x</a>`,
  `<a href="java\u200bscript:${RUN}">x</a>`,
  `<a href=" &#x202e;javascript:${RUN}">x</a>`,
  `<a href="javascript&#58${RUN}">x</a>`,
  `<a href="javascript&#x0003A;${RUN}">x</a>`,
  `<a href="java<!-- -->script:${RUN}">x</a>`,
  `<a href="https://a.example" href="javascript:${RUN}">x</a>`,
  `<a/href="javascript:${RUN}">x</a>`,
  `<a\x0chref=javascript:${RUN}>x</a>`,
  `<svg><a xlink:href="javascript:${RUN}"><text>x</text></a></svg>`,
  `<svg><animate xlink:href=#x attributeName=href values="javascript:${RUN}" /><a id=x><text>y</text></a></svg>`,
  `<base href="javascript:/a/-${RUN}//"><a href=#>x</a>`,
  `<object data="javascript:${RUN}"></object><embed src="javascript:${RUN}">`,
  `<form action="javascript:${RUN}"><button>x</button></form>`,
  `<button formaction="javascript:${RUN}">x</button>`,
  `<meta http-equiv=refresh content="0;url=javascript:${RUN}">`,
  `<link rel=stylesheet href="data:text/css,*{}"><style>@import "x"</style>`,
  `<p style="background:url(javascript:${RUN})">x</p>`,
  `<b \u0338><img src=x onerror=${RUN}></b>`,
  `<b>\u0338<img src=x onerror=${RUN}></b>`,
  `<img\u200b src=x onerror=${RUN}>`,
  `<\u200bimg src=x onerror=${RUN}>`,
  `<i\u202emg src=x onerror=${RUN}>`,
  `<im\0g src=x onerror=${RUN}>`,
  `<scr<script>ipt>${RUN}</scr</script>ipt>`,
  `&lt;img src=x onerror=${RUN}&gt;`,
  `&amp;lt;img src=x onerror=${RUN}&amp;gt;`,
  `<p id=body name=attributes><a id=x name=y href=1>z</a>`,
  `${'<b>'.repeat(600)}<img src=x onerror=${RUN}>`,
  `${'<p><b><i><u>'.repeat(100)}</p><img src=x onerror=${RUN}>`,
  `<table><tr><td><p><a><table><a><img src=x onerror=${RUN}></a></table>`,
  // Forms in forms, and elements of MathML and SVG that lead back to HTML, move when what was written is read again.
  `<form id=x><div></form><form><mglyph><svg><mtext><style><path id="</style><img src=x onerror=${RUN}>">`,
  `<form><math><mtext></form><form><mglyph><svg><mtext><textarea><path id="</textarea><img src=x onerror=${RUN}>">`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=${RUN}&gt;">`,
  `<math><mtext><h1><a><h6></a></h6><mglyph><svg><mtext><style><a title="</style><img src=x onerror=${RUN}>">`,
  `<table><math><select><mi><select></table></select><mglyph><style><img src=x onerror=${RUN}></style>`,
  `<svg><annotation-xml><foreignObject><style><!--</style><p id="--><img src=x onerror=${RUN}>">`,
  `<math><annotation-xml encoding="application/xhtml+xml"><noscript><style></noscript><img src=x onerror=${RUN}>`,
  `<svg><title><style><!--</style></title><img src=x onerror=${RUN}>--></svg>`,
  `<svg><image href=x onerror=${RUN}></image></svg>`,
  `<image src=x onerror=${RUN}>`,
  `<svg><a><style><a title="</style><image href=x onerror=${RUN}>"></a></svg>`,
  `<svg><script href="data:,${RUN}" />`,
  `<svg><use href="data:image/svg+xml,<svg id=x><image href=1 onerror=${RUN} /></svg>#x" /></svg>`,
  `<math href="javascript:${RUN}">x</math>`,
  `<noscript><style></noscript><img src=x onerror=${RUN}></style>`,
  `<noscript><!-- </noscript><img src=x onerror=${RUN}> --></noscript>`,
  `<template shadowrootmode=open><img src=x onerror=${RUN}></template>`,
  `<div><template shadowrootmode=open><slot></slot><script>${RUN}</script></template>y</div>`,
  `<template><noscript></template><img src=x onerror=${RUN}></noscript>`,
  `<!--[if IE]><img src=x onerror=${RUN}><![endif]-->`,
  `<!--- -><img src=x onerror=${RUN}>--->`,
  `<!-><img src=x onerror=${RUN}>-->`,
  `<!--<!--><img src=x onerror=${RUN}>-->-->`,
  `<!DOCTYPE html [<!ENTITY x "<img src=x onerror=${RUN}>">]>&x;`,
  `</p title="><img src=x onerror=${RUN}>">`,
  `</br/onload=${RUN}><br/onload=${RUN}>`,
  `<a title="</a><img src=x onerror=${RUN}>" href=x>y</a>`,
  `<a href="x&quot; onmouseover=${RUN} autofocus tabindex=1 onfocus=${RUN} &quot;">y</a>`,
  `<a title='&lt;/a&gt;&lt;img src=x onerror=${RUN}&gt;'>y</a>`,
  `<abbr title="&amp;quot;&gt;&lt;img src=x onerror=${RUN}&gt;">y</abbr>`,
  `&#60img src=x onerror=${RUN}&#62`,
  `&LT;img src=x onerror=${RUN}&GT;`,
  `&#x3c;script&#x3e;${RUN}&#x3c;/script&#x3e;`,
  `<a href="&#106&#97&#118&#97&#115&#99&#114&#105&#112&#116&#58${RUN}">x</a>`,
  `<a href="\x01\x1fjavascript:${RUN}">x</a>`,
  `<a href="java&Tab;script:${RUN}">x</a>`,
  `<a href="javascript&colon;//%0a${RUN}">x</a>`,
  `<a href="vbscript:${RUN}">x</a><a href="data:text/html,<script>${RUN}</script>">y</a>`,
  `<a href="//javascript:${RUN}" href=javascript:${RUN}>x</a>`,
  `<a href="blob:https://localhost/x">x</a><a href="feed:javascript:${RUN}">y</a><a href="view-source:x">z</a>`,
  `<b onclick\x00=${RUN} onfocus\x0b=${RUN} tabindex=1 autofocus>x</b>`,
  `<b/onfocus=${RUN}/autofocus/tabindex=1>x</b>`,
  `<b =\x22 onfocus=${RUN} autofocus tabindex=1 a="\x22>x</b>`,
  `<p is=x-y contenteditable popover id=x onbeforetoggle=${RUN}>y</p><button popovertarget=x>z</button>`,
  `<marquee onstart=${RUN}>x</marquee><body onpageshow=${RUN}>`,
  `<frameset onload=${RUN}><frame src="javascript:${RUN}"></frameset>`,
  `<select><menu id=x><svg><style><![CDATA[</style><img src=x onerror=${RUN}>]]></style></svg></menu></select>`,
  `<select><button><selectedcontent><img src=x onerror=${RUN}></selectedcontent></button><option>x</select>`,
  `<listing>&lt;img src=x onerror=${RUN}&gt;</listing>`,
  `<pre>\n\n&lt;img src=x onerror=${RUN}&gt;</pre>`,
  `<table><b><tr><td></b><svg><style><td></svg><img src=x onerror=${RUN}>`,
  `<a><table><td><a></table><img src=x onerror=${RUN}>`,
  `<a><b><table><a><b>x`,
];

const ACTIONS: Readonly<Record<string, string>> = {
  text: '{ html: text }',
  basic: 'html',
  own: '{ html: { tags: [p, a, b, i, u, img, table, tbody, tr, td, details], attributes: { a: [href, title], img: [src, alt], "*": [class, lang] } } }',
  all: '[nfc, single-line, control, bidi, invisible, trim, html]',
  wide: '[trim, nfc, { html: { tags: [a, b, img, ul, li], attributes: { a: [href], img: [src] } } }]',
};

const STAY = new Set(
  'a abbr b blockquote br code del em i img li ol p pre s strong sub sup u ul table tbody tr td details'.split(' '),
);

test('what was cleaned runs nothing in a browser, and holds nothing but what may stay', async (t) => {
  const origin = await startLocalServer((request, reply) => {
    if (request.method === 'GET') {
      reply.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>page</title><body></body>');
      return;
    }
    reply.writeHead(200, { 'content-type': 'application/json' });
    request.pipe(reply);
  });
  t.after(origin.stop);
  const routes = Object.keys(ACTIONS).map((name) => `'POST /${name}'`);
  const operations = Object.entries(ACTIONS).map(
    ([name, action]) => `'POST /${name}': { sanitize: { body: { /html: ${action} } } }`,
  );
  const gateway = await startGateway(`version: 1
server: { https: { port: 0 }, http: off }
admin: { port: 0 }
apis:
  a:
    routes: ['GET /page', 'POST /bare', ${routes.join(', ')}]
    upstream: ${origin.url}
    auth: public
    # The pages of the test are to run what they hold.
    securityHeaders: off
    operations:
      ${operations.join('\n      ')}
`);
  t.after(() => gateway.stop());
  const browser = await openBrowser(t, gateway.https);
  if (browser === null) return;
  const page = await browser.newPage();
  await page.goto(`https://localhost:${gateway.https}/page`);
  const shown = async (name: string, html: string) =>
    await page.evaluate(show, { name, html, waitMs: name === 'bare' ? 2_000 : 10 });
  for (const html of RUNS) assert.ok((await shown('bare', html)).ran, `this does not run even as it is: ${html}`);
  for (const name of Object.keys(ACTIONS)) {
    for (const html of [...RUNS, ...TRICKS]) {
      const { status, cleaned, ran, found } = await shown(name, html);
      assert.equal(status, 200, html);
      assert.equal(ran, false, `${name}: ${html} became ${cleaned}`);
      const strange = found.filter((each) => !STAY.has(each));
      assert.deepEqual(strange, [], `${name}: ${html} became ${cleaned}`);
      if (name === 'text') assert.deepEqual(found, [], html);
    }
  }
});

/** What of a page's document is used here. */
interface PageElement {
  innerHTML: string;
  readonly localName: string;
  readonly namespaceURI: string;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  append(element: PageElement): void;
  remove(): void;
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

interface PageWorld {
  ran: number;
  readonly document: {
    readonly body: PageElement;
    readonly baseURI: string;
    createElement(name: string): PageElement;
    createElementNS(namespace: string, name: string): PageElement;
  };
  setTimeout(done: () => void, ms: number): void;
}

/** Runs in the page: sends a text to be cleaned, shows what comes back, and says what became of it. */
async function show({ name, html, waitMs }: { readonly name: string; readonly html: string; readonly waitMs: number }) {
  const reply = await fetch(`/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ html }),
  });
  const cleaned = reply.ok ? String(((await reply.json()) as { readonly html: string }).html) : await reply.text();
  const world = globalThis as unknown as PageWorld;
  world.ran = 0;
  const { document } = world;
  const found: string[] = [];
  // As it is put into a page, beside what scripts put there again, and behind a parser of its own.
  for (const outer of ['div', 'template', 'table', 'select', 'svg', 'noscript']) {
    const element =
      outer === 'svg' ? document.createElementNS('http://www.w3.org/2000/svg', 'svg') : document.createElement(outer);
    document.body.append(element);
    element.innerHTML = cleaned;
    if (outer !== 'div' && outer !== 'template') {
      element.remove();
      continue;
    }
    const again = document.createElement('div');
    document.body.append(again);
    again.innerHTML = element.innerHTML;
    for (const each of again.querySelectorAll('*')) {
      const link = each.getAttribute('href') ?? each.getAttribute('src');
      const runs = [...each.attributes].some(
        ({ name: key, value }) =>
          key.startsWith('on') ||
          key === 'style' ||
          key === 'id' ||
          key === 'name' ||
          /^[\x00-\x20]*javascript:/i.test(value),
      );
      const leads = link !== null && !/^(?:https?|mailto|tel):$/.test(new URL(link, document.baseURI).protocol);
      const own = each.namespaceURI === 'http://www.w3.org/1999/xhtml';
      found.push(runs || leads || !own ? `${each.localName}!` : each.localName);
    }
    const until = performance.now() + waitMs;
    do
      await new Promise<void>((done) => {
        world.setTimeout(done, 5);
      });
    while (world.ran === 0 && performance.now() < until);
    again.remove();
    element.remove();
  }
  return { status: reply.status, cleaned, ran: world.ran > 0, found };
}
