import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTemplate, type Segment } from '../openapi/index.ts';
import { type Route, Router } from './router.ts';
import { valueOf } from './fixture.test.ts';

/** `METHOD /template`, perhaps with a host before the path and an owner behind it: `GET //api.example/a @two`. */
function route(text: string): Route<string> {
  const [, method, host, path, owner] = /^(\S+) (?:\/\/([^/]+))?(\/\S*)(?: @(\S+))?$/.exec(text) ?? assert.fail(text);
  const { segments } = valueOf(parseTemplate(path as string));
  return {
    host: host ?? null,
    method: method as string,
    segments,
    target: `${owner ?? 'one'} ${method} ${host ?? ''}${path}`,
  };
}

const owner = (target: string): string => target.split(' ', 1)[0] as string;
const sameOwner = (a: string, b: string): boolean => owner(a) === owner(b);

function build(...routes: readonly string[]): Router<string> {
  const { router, clashes } = Router.build(routes.map(route), sameOwner);
  assert.deepEqual(clashes, []);
  return router;
}

function clashesOf(...routes: readonly string[]): readonly string[] {
  const { clashes } = Router.build(routes.map(route), sameOwner);
  return clashes.map(({ earlier, later }) => `${earlier.target} / ${later.target}`);
}

/** What is found, in one line. */
function found(router: Router<string>, request: string, host = 'x.example'): string {
  const [method, path] = request.split(' ') as [string, string];
  const result = router.find(host, path, method);
  if (result.kind === 'methodNotAllowed') return `405 ${result.allow.join(',')}`;
  if (result.kind !== 'matched') return result.kind;
  const params = Object.entries(result.params).map(([name, value]) => ` ${name}=${value}`);
  return `${result.target.slice(4)}${params.join('')}`;
}

test('a literal beats a mixed segment, that a parameter, that a rest', () => {
  const router = build('GET /a/{rest...}', 'GET /a/{id}', 'GET /a/{id}.json', 'GET /a/b.json');
  assert.equal(found(router, 'GET /a/b.json'), 'GET /a/b.json');
  assert.equal(found(router, 'GET /a/c.json'), 'GET /a/{id}.json id=c');
  assert.equal(found(router, 'GET /a/c'), 'GET /a/{id} id=c');
  assert.equal(found(router, 'GET /a/c/d'), 'GET /a/{rest...} rest=c/d');
  assert.equal(found(router, 'GET /a/'), 'GET /a/{rest...} rest=');
  assert.equal(found(router, 'GET /a'), 'notFound');
});

test('where the more special way ends nowhere, the router goes back', () => {
  const router = build('GET /a/b/c', 'GET /a/{x}/d', 'GET /{y}/b/e', 'GET /{rest...}', 'GET /a/{z}.x/f');
  assert.equal(found(router, 'GET /a/b/c'), 'GET /a/b/c');
  assert.equal(found(router, 'GET /a/b/d'), 'GET /a/{x}/d x=b');
  assert.equal(found(router, 'GET /a/b/e'), 'GET /{y}/b/e y=a');
  assert.equal(found(router, 'GET /a/b/g'), 'GET /{rest...} rest=a/b/g');
  assert.equal(found(router, 'GET /a/q.x/d'), 'GET /a/{x}/d x=q.x');
  assert.equal(found(router, 'GET /a/q.x/f'), 'GET /a/{z}.x/f z=q');
});

test('the path is chosen first, then the method', () => {
  const router = build('GET /a/me', 'DELETE /a/{id}');
  assert.equal(found(router, 'DELETE /a/me'), '405 GET,HEAD');
  assert.equal(found(router, 'DELETE /a/7'), 'DELETE /a/{id} id=7');
});

test('HEAD goes where GET goes, unless it has a route of its own', () => {
  const router = build('GET /a', 'GET /b', 'HEAD /b', 'POST /c');
  assert.equal(found(router, 'HEAD /a'), 'GET /a');
  assert.equal(found(router, 'HEAD /b'), 'HEAD /b');
  assert.equal(found(router, 'HEAD /c'), '405 POST');
  assert.equal(found(router, 'PUT /a'), '405 GET,HEAD');
});

test('a star takes the registered methods that are not named, and no others', () => {
  for (const routes of [
    ['* /a', 'GET /a'],
    ['GET /a', '* /a'],
  ]) {
    const router = build(...routes);
    assert.equal(found(router, 'GET /a'), 'GET /a');
    // What is said of GET must hold for HEAD too, which tells nearly as much.
    assert.equal(found(router, 'HEAD /a'), 'GET /a');
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'])
      assert.equal(found(router, `${method} /a`), '* /a');
    for (const method of ['PROPFIND', 'get', 'FOO', 'constructor', '__proto__']) {
      assert.equal(found(router, `${method} /a`), '405 DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,QUERY');
    }
  }
});

test('CONNECT, TRACE and TRACK are never taken, also where they are described', () => {
  const router = build('* /a', 'TRACE /b', 'GET /b');
  for (const method of ['CONNECT', 'TRACE', 'TRACK']) {
    assert.equal(found(router, `${method} /b`), '405 GET,HEAD');
    assert.equal(found(router, `${method} /nowhere`), '405 ');
    assert.equal(found(router, `${method} *`), '405 ');
  }
});

test('OPTIONS * asks the server as a whole, for which no API answers', () => {
  assert.equal(found(build('* /{rest...}'), 'OPTIONS *'), 'notFound');
});

test('the own paths of the gateway belong to no API', () => {
  const router = build('* /{rest...}', '* /{a}/{b}');
  assert.equal(found(router, 'GET /.portcullis'), 'notFound');
  assert.equal(found(router, 'GET /.portcullis/id'), 'notFound');
  assert.equal(found(router, 'GET /.portcullis/'), 'notFound');
  for (const name of ['acme-challenge', 'oauth-protected-resource']) {
    assert.equal(found(router, `GET /.well-known/${name}`), 'notFound');
    assert.equal(found(router, `GET /.well-known/${name}/x/y`), 'notFound');
    assert.equal(found(router, `GET /.well-known/${name}s`), `* /{a}/{b} a=.well-known b=${name}s`);
  }
  assert.equal(found(router, 'GET /.portcullisx'), '* /{rest...} rest=.portcullisx');
});

test('without any host every host is answered; with one, every other is misdirected', () => {
  assert.equal(found(build('GET /a'), 'GET /a', 'who.example'), 'GET /a');
  const router = build('GET //api.example/a', 'GET /b @two', 'GET //other.example/c @three');
  assert.equal(found(router, 'GET /a', 'api.example'), 'GET api.example/a');
  assert.equal(found(router, 'GET /b', 'api.example'), 'GET /b');
  assert.equal(found(router, 'GET /b', 'other.example'), 'GET /b');
  assert.equal(found(router, 'GET /a', 'other.example'), 'notFound');
  assert.equal(found(router, 'GET /b', 'who.example'), 'misdirected');
  assert.equal(found(router, 'TRACE /b', 'who.example'), 'misdirected');
});

test('two owners of one path clash, whatever their methods and parameter names', () => {
  assert.deepEqual(clashesOf('GET /a', 'POST /a @two'), ['one GET /a / two POST /a']);
  assert.deepEqual(clashesOf('GET /a/{x}', 'POST /a/{y} @two'), ['one GET /a/{x} / two POST /a/{y}']);
  assert.deepEqual(clashesOf('GET /a/{x}.json', 'GET /a/{y}.json @two').length, 1);
  assert.deepEqual(clashesOf('* /{rest...}', '* /{all...} @two').length, 1);
  assert.deepEqual(clashesOf('GET //h.example/a', 'GET /a @two'), ['one GET h.example/a / two GET /a']);
  assert.deepEqual(clashesOf('GET /a @two', 'GET //h.example/a').length, 1);
  assert.deepEqual(clashesOf('GET //h.example/a', 'GET //g.example/a @two', 'GET /a/b', 'GET /a/{x} @two'), []);
});

test('one owner may not say the same twice, nor the star', () => {
  assert.equal(clashesOf('GET /a/{x}', 'GET /a/{y}').length, 1);
  assert.equal(clashesOf('* /a', '* /a').length, 1);
  assert.deepEqual(clashesOf('GET /a/{x}', 'POST /a/{y}', '* /a/{z}'), []);
});

test('each route has its parameters under its own names', () => {
  const router = build('GET /a/{x}/{y}', 'POST /a/{one}/{two}');
  assert.equal(found(router, 'GET /a/1/2'), 'GET /a/{x}/{y} x=1 y=2');
  assert.equal(found(router, 'POST /a/1/2'), 'POST /a/{one}/{two} one=1 two=2');
});

test('parameters are decoded once', () => {
  const router = build('GET /a/{x}', 'GET /r/{rest...}', 'GET /m/{x}.txt');
  assert.equal(found(router, 'GET /a/%C3%A9%2525'), 'GET /a/{x} x=é%25');
  assert.equal(found(router, 'GET /r/a%20b/%25/c'), 'GET /r/{rest...} rest=a b/%/c');
  assert.equal(found(router, 'GET /m/%25.txt'), 'GET /m/{x}.txt x=%');
});

test('the digits of an escape are no text that a literal could stand for', () => {
  const router = build('GET /{x}2{y}', 'GET /s/{x}5', 'GET /t/{x}9{y}9');
  // Cut in two, the halves of %25 could not be decoded, and a request would bring the thread down.
  assert.equal(found(router, 'GET /%25'), 'notFound');
  assert.equal(found(router, 'GET /a%2525b'), 'GET /{x}2{y} x=a% y=5b');
  assert.equal(found(router, 'GET /a%252b'), 'GET /{x}2{y} x=a% y=b');
  assert.equal(found(router, 'GET /s/%25'), 'notFound');
  assert.equal(found(router, 'GET /s/%255'), 'GET /s/{x}5 x=%');
  assert.equal(found(router, 'GET /t/%C3%A99x9'), 'GET /t/{x}9{y}9 x=é y=x');
});

test('names of Object.prototype are names like any other', () => {
  const router = build('GET /{constructor}/{__proto__}', 'GET /__proto__', 'GET /constructor/toString');
  const result = router.find('x.example', '/a/b', 'GET');
  assert.ok(result.kind === 'matched');
  assert.deepEqual(Object.keys(result.params), ['constructor', '__proto__']);
  assert.equal(Object.getOwnPropertyDescriptor(result.params, '__proto__')?.value, 'b');
  const ancestor: unknown = Object.getPrototypeOf(result.params);
  assert.ok(Object.isFrozen(ancestor) && Reflect.ownKeys(ancestor as object).length === 0);
  assert.equal(Object.getPrototypeOf(ancestor), null);
  assert.equal(found(router, 'GET /__proto__'), 'GET /__proto__');
  assert.equal(found(router, 'GET /constructor/toString'), 'GET /constructor/toString');
  assert.equal(found(router, 'GET /hasOwnProperty'), 'notFound');
  assert.equal(found(router, 'GET /a/b', '__proto__'), 'GET /{constructor}/{__proto__} constructor=a __proto__=b');
});

test('of several mixed segments the one that names most is tried first', () => {
  for (const routes of [
    ['GET /{a}.{b}', 'GET /{a}.json', 'GET /x{a}.json'],
    ['GET /x{a}.json', 'GET /{a}.json', 'GET /{a}.{b}'],
  ]) {
    const router = build(...routes);
    assert.equal(found(router, 'GET /q.json'), 'GET /{a}.json a=q');
    assert.equal(found(router, 'GET /xq.json'), 'GET /x{a}.json a=q');
    assert.equal(found(router, 'GET /q.xml'), 'GET /{a}.{b} a=q b=xml');
    assert.equal(found(router, 'GET /.json'), 'notFound');
  }
});

test('the last literal of a mixed segment is its last occurrence', () => {
  const router = build('GET /{a}:go', 'GET /f/{a}-{b}.x');
  assert.equal(found(router, 'GET /q:go:go'), 'GET /{a}:go a=q:go');
  assert.equal(found(router, 'GET /f/1-2.x.x'), 'GET /f/{a}-{b}.x a=1 b=2.x');
  assert.equal(found(router, 'GET /f/-2.x'), 'notFound');
});

test("a mixed segment that could be cut in two ways is nobody's", () => {
  const router = build('GET /{a}-{b}', 'GET /t/{a}-{b}', 'GET /t/{other}');
  assert.equal(found(router, 'GET /1-2'), 'GET /{a}-{b} a=1 b=2');
  for (const path of ['/1-2-3', '/-1-2', '/1-2-', '/1--2'])
    assert.equal(found(router, `GET ${path}`), 'notFound', path);
  assert.equal(found(router, 'GET /t/1-2-3'), 'GET /t/{other} other=1-2-3');
});

test('finding one route among ten thousand visits no more places than among ten', (t) => {
  const routesOf = (count: number): readonly Route<string>[] =>
    Array.from({ length: count }, (_, at) => route(`GET /v1/things-${at}/{id}/parts-${at}/{part}`));
  const visits = (count: number): number => {
    const { router } = Router.build(routesOf(count), sameOwner);
    const get = t.mock.method(Map.prototype, 'get');
    const result = router.find('x.example', `/v1/things-${count - 1}/7/parts-${count - 1}/8`, 'GET');
    const calls = get.mock.callCount();
    get.mock.restore();
    assert.equal(result.kind, 'matched');
    return calls;
  };
  assert.equal(visits(10_000), visits(10));
  assert.ok(visits(10) < 20);
});

// The reading of templates one by one that the tree must agree with.
const RANK = { literal: 3, mixed: 2, parameter: 1, rest: 0 } as const;

function naive(routes: readonly Route<string>[], path: string, method: string): string {
  const segments = path.slice(1).split('/');
  const fitting = routes.filter((each) => fits(each.segments, segments));
  const best = fitting.toSorted((a, b) => compareRanks(b.segments, a.segments))[0];
  if (best === undefined) return 'notFound';
  const rivals = fitting.filter((each) => compareRanks(each.segments, best.segments) === 0);
  const chosen = rivals.find((each) => each.method === method);
  return chosen?.target ?? 'methodNotAllowed';
}

function fits(template: readonly Segment[], path: readonly string[]): boolean {
  const last = template.at(-1);
  if (last?.kind === 'rest' ? path.length < template.length : path.length !== template.length) return false;
  return template.every((segment, at) => {
    const text = path[at] as string;
    if (segment.kind === 'literal') return segment.text === text;
    if (segment.kind === 'parameter') return text !== '';
    return segment.kind === 'rest' || (segment.kind === 'mixed' && /^.+-x$/.test(text));
  });
}

function compareRanks(a: readonly Segment[], b: readonly Segment[]): number {
  for (const [at, segment] of a.entries()) {
    const other = b[at];
    if (other === undefined) return -1;
    if (segment.kind !== other.kind) return RANK[segment.kind] - RANK[other.kind];
  }
  return 0;
}

test('the tree finds what reading all templates one by one finds', () => {
  const part = fc.constantFrom('a', 'b', '{p}', '{q}-x');
  const template = fc
    .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(
      ([parts, rest]) =>
        `/${parts.map((text, at) => text.replace(/[pq]/, (name) => name + at)).join('/')}${rest ? '/{rest...}' : ''}`,
    );
  const routes = fc.uniqueArray(fc.tuple(fc.constantFrom('GET', 'POST'), template), {
    maxLength: 12,
    selector: ([method, text]) => `${method} ${text}`,
  });
  const path = fc.array(fc.constantFrom('a', 'b', 'c', 'a-x', ''), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(routes, path, fc.constantFrom('GET', 'POST'), (given, segments, method) => {
      const all = given.map(([each, text]) => route(`${each} ${text}`));
      const { router } = Router.build(all, sameOwner);
      const text = `/${segments.join('/')}`;
      const result = router.find('x.example', text, method);
      assert.equal(result.kind === 'matched' ? result.target : result.kind, naive(all, text, method));
    }),
    { numRuns: 2_000 },
  );
});
