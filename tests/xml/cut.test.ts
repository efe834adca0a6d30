import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutNodes, type XmlAttribute, type XmlElement } from '../../src/body/index.ts';
import { nearlyXml } from './arbitrary.ts';
import { read, readBySaxes } from './oracles.ts';

const RUNS = 20_000;

type Node = XmlElement | XmlAttribute;

function nodesIn(element: XmlElement): readonly Node[] {
  return [...element.attributes, ...element.elements, ...element.elements.flatMap(nodesIn)];
}

/** The tree without these. */
function pruned(element: XmlElement, gone: ReadonlyMap<Node, unknown>): XmlElement {
  const attributes = element.attributes.filter((node) => !gone.has(node));
  const elements = element.elements.filter((node) => !gone.has(node)).map((node) => pruned(node, gone));
  return { ...element, attributes, elements };
}

test('whatever goes out of a text, the rest is read as the tree without it, by another reader too', () => {
  let done = 0;
  fc.assert(
    fc.property(nearlyXml(), fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (text, picks) => {
      const bytes = Buffer.from(text);
      const root = read(bytes);
      if (typeof root === 'string') return;
      const nodes = nodesIn(root);
      if (nodes.length === 0) return;
      const gone = new Map(picks.map((pick) => [nodes[pick % nodes.length] as Node, true]));
      const rest = cutNodes(bytes, root, gone);
      const again = read(rest);
      if (typeof again === 'string') {
        // White space around a comment, or text around what went, is text in pieces once no element is left.
        assert.match(again, /^xml: text-in-pieces /, text);
        return;
      }
      done += 1;
      assert.deepEqual(normal(again), normal(pruned(root, gone)), text);
      assert.deepEqual(readBySaxes(rest.toString()), again, text);
    }),
    { numRuns: RUNS },
  );
  assert.ok(done > RUNS / 50, `only ${done} were cut`);
});

/** Text without the white space around it, which what went leaves behind. */
function normal(element: XmlElement): unknown {
  return { ...element, text: element.text.trim(), elements: element.elements.map(normal) };
}
