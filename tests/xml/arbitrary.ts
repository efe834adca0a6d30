import fc from 'fast-check';

/** Texts that are nearly XML: what a writer of it may put down, and here and there what none should. */
export function nearlyXml(): fc.Arbitrary<string> {
  const { document } = fc.letrec<{ element: string; document: string }>((tie) => ({
    element: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.tuple(name, attributes, piece).map(([tag, list, text]) => `<${tag}${list}>${text}</${tag}>`),
      fc.tuple(name, attributes).map(([tag, list]) => `<${tag}${list}/>`),
      fc
        .tuple(name, attributes, fc.array(fc.oneof(tie('element'), piece, space), { maxLength: 4 }))
        .map(([tag, list, inside]) => `<${tag}${list}>${inside.join('')}</${tag}>`),
    ),
    document: fc
      .tuple(prolog, tie('element'), fc.constantFrom('', '\n', '<!-- end -->', ' '))
      .map(([before, element, behind]) => `${before}${element}${behind}`),
  }));
  return document;
}

const local = fc.constantFrom('a', 'b', 'item', 'é', 'x-1', '_', '商', 'xmlns', 'xml', 'nil');
const prefix = fc.constantFrom('', '', '', 'p:', 'q:', 'xml:', 'xmlns:', ':');
const name = fc.tuple(prefix, local).map((parts) => parts.join(''));
const space = fc.constantFrom('', ' ', '\n', '\r\n', '\t', '\r');
const piece = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'text',
        ' ',
        'é😀',
        '&lt;',
        '&amp;',
        '&#65;',
        '&#x1F600;',
        '&#13;',
        '&apos;',
        '\u0085',
        '\u2028',
        '\r\n',
        ']]',
        '>',
      ),
      fc.constantFrom(
        '<![CDATA[x]]>',
        '<![CDATA[<&]]>',
        '<!-- c -->',
        '<!---->',
        '&#0;',
        '&nope;',
        ']]>',
        '&',
        '<!--a--b-->',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 3 },
  )
  .map((parts) => parts.join(''));
const quoted = fc.oneof(
  fc.constantFrom(
    '""',
    "''",
    '"urn:1"',
    '"urn:2"',
    "'a&quot;b'",
    '"&#10;"',
    '"a b"',
    '"a\tb"',
    '"<"',
    '"&lt;"',
    "'\"'",
    '"é"',
  ),
  fc.string({ maxLength: 3 }).map((text) => `"${text}"`),
);
const attribute = fc.oneof(
  fc.tuple(name, quoted).map(([key, value]) => `${key}=${value}`),
  fc.constantFrom('xmlns="urn:1"', 'xmlns:p="urn:1"', 'xmlns:q="urn:1"', 'xmlns:p="urn:2"', 'xmlns=""', 'a = "1"'),
);
const attributes = fc
  .array(
    fc.tuple(fc.constantFrom(' ', '\n', '  '), attribute).map((parts) => parts.join('')),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(''));
const prolog = fc.constantFrom(
  '',
  '',
  '<?xml version="1.0"?>',
  '<?xml version="1.0" encoding="UTF-8"?>\n',
  '\ufeff',
  '<!-- first -->',
  '<?xml version="1.1"?>',
  '<!DOCTYPE a>',
  '<?x?>',
);
