import type { HtmlProfile } from './config.ts';

/** Elements that may be allowed: none that holds scripts, styles, raw text, forms, frames, or is of SVG or MathML. */
export const ALLOWABLE_TAGS: ReadonlySet<string> = new Set(
  (
    'a abbr address article aside b bdi bdo blockquote br caption cite code col colgroup data dd del details dfn div dl dt ' +
    'em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main mark nav ol p pre q rp rt ruby s ' +
    'samp section small span strong sub summary sup table tbody td tfoot th thead time tr u ul var wbr'
  ).split(' '),
);

/** Attributes that may be allowed: none that runs, styles, names, or sends anything. */
export const ALLOWABLE_ATTRIBUTES: ReadonlySet<string> = new Set(
  (
    'abbr align alt cite class colspan datetime dir headers height href lang open reversed rowspan scope span src start ' +
    'title translate type value width'
  ).split(' '),
);

/** Elements that stay, and by element, or `*` for all, their attributes that do. */
type KeptHtml = Exclude<HtmlProfile, string>;

const NOTHING: KeptHtml = { tags: [], attributes: {} };

/** Formatting of text, with links. Nothing of it loads anything by itself. */
const BASIC: KeptHtml = {
  tags: 'a abbr b blockquote br code del em i li ol p pre s strong sub sup u ul'.split(' '),
  attributes: { a: ['href', 'title'], abbr: ['title'] },
};

/** What a profile leaves of HTML. */
export function keptByHtml(profile: HtmlProfile): KeptHtml {
  return profile === 'text' ? NOTHING : profile === 'basic' ? BASIC : profile;
}
