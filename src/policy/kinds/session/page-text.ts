import { createHash } from 'node:crypto';
import type { OwnReply } from '../../verdict.ts';

/** Text, of which nothing can be read as HTML. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:15vh auto;padding:0 1rem;color:#1b1f24;background:#fff}' +
  'a,button{display:block;width:100%;box-sizing:border-box;font:inherit;text-align:center;text-decoration:none;padding:.6rem;' +
  'margin:.6rem 0;border:1px solid #57606a;border-radius:.4rem;background:#f6f8fa;color:inherit;cursor:pointer}' +
  '@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}a,button{background:#21262d}}';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Nothing is loaded but the page’s own style, nothing runs, and nobody frames it. */
const CONTENT_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'`;

/** What every reply of these pages says: nobody keeps it, and no other site learns of its address. */
export const PAGE_FIELDS: readonly (readonly [string, string])[] = [
  ['cache-control', 'no-store'],
  // With `no-referrer` a form of these pages would be sent as if it were nobody's (Fetch Standard, Origin).
  ['referrer-policy', 'same-origin'],
];

/** A part of a page’s body, every text in it escaped. */
export interface Markup {
  readonly html: string;
}

/** A paragraph. */
export function paragraph(text: string): Markup {
  return { html: `<p>${escaped(text)}</p>` };
}

/** A link that looks like a button. */
export function link(text: string, address: string): Markup {
  return { html: `<a href="${escaped(address)}">${escaped(text)}</a>` };
}

/** A form of one button, sent to `action` of this host with these fields. */
export function button(text: string, action: string, fields: Readonly<Record<string, string>>): Markup {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  return {
    html: `<form method="post" action="${escaped(action)}">${inputs.join('')}<button>${escaped(text)}</button></form>`,
  };
}

/** A page of the gateway’s own. */
export function page(
  { status, title, parts }: { readonly status: number; readonly title: string; readonly parts: readonly Markup[] },
  fields: readonly (readonly [string, string])[] = [],
): OwnReply {
  const body =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${escaped(title)}</title><style>${STYLE}</style></head><body><h1>${escaped(title)}</h1>` +
    `${parts.map(({ html }) => html).join('')}</body></html>`;
  const headers: (readonly [string, string])[] = [
    ['content-type', 'text/html; charset=utf-8'],
    ['content-security-policy', CONTENT_POLICY],
    ...PAGE_FIELDS,
    ...fields,
  ];
  return { status, headers, body };
}

/** Sends a browser on (RFC 9110 §15.4.4): whatever it came by, it goes on with GET. */
export function redirect(location: string, fields: readonly (readonly [string, string])[] = []): OwnReply {
  return { status: 303, headers: [['location', location], ...PAGE_FIELDS, ...fields], body: '' };
}
