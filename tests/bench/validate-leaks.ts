/**
 * What looking for what must not leave costs without the gateway around it, CPU µs for a reply of 10 KB: ours, beside
 * the same forms searched one by one. Prints one line of JSON.
 */
import { FORMS, LeakJudge } from '../../src/leaks/index.ts';
import { leastCost, times } from './least-cost.ts';
import { PAGE_BODY } from './validate-loads.ts';

const FORMAT = { isJson: true, escaping: 'backslash', isReadable: true } as const;

const classes = { secrets: 'refuse', privateKeys: 'refuse', cards: 'mask' } as const;
const judge = new LeakJudge({ classes, allow: [], fields: {}, own: [] }, new Set<string>());

/** Nothing in it, and three numbers of cards in the place of texts. */
const clean = Buffer.from(PAGE_BODY);
const found = Buffer.from(withCards(PAGE_BODY));

function withCards(text: string): string {
  let left = 3;
  return text.replace(/"(?=[^":,{}[\]]{6,}"[,}])/g, (quote) => (left-- > 0 ? `${quote}4111 1111 1111 1111 ` : quote));
}

/** As search tools do that keep a list of expressions: each over the whole text. */
const expressions = FORMS.filter(({ kind }) => kind in classes).map(
  ({ pattern }) => new RegExp(pattern.source.replace(/^\^/, ''), pattern.flags),
);
const card = /\b\d(?:[ -]?\d){12,18}\b/;

function naively(body: Buffer): number {
  const text = body.toString();
  return [...expressions, card].filter((expression) => expression.test(text)).length;
}

if (judge.judge(clean, FORMAT) !== null) throw new Error('something is found where nothing is');
const looked = judge.judge(found, FORMAT);
if (looked?.kind !== 'found' || looked.count !== 3) throw new Error('the cards are not found');
const figures = {
  dlp_10kb: await leastCost(times(16, () => judge.judge(clean, FORMAT))),
  dlp_10kb_found: await leastCost(times(16, () => judge.judge(found, FORMAT))),
  dlp_10kb_one_by_one: await leastCost(times(16, () => naively(clean))),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
