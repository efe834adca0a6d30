/** One lexical element of a TypeScript file. `value` is what a string or a plain template says, else the text itself. */
export interface Token {
  readonly kind: 'name' | 'string' | 'template' | 'regex' | 'number' | 'mark' | 'comment';
  readonly text: string;
  readonly value: string;
  readonly line: number;
}

// After one of these a slash begins a regular expression; after any other name it divides.
const BEFORE_EXPRESSION = new Set(
  'return typeof case in of do else void delete throw new await yield instanceof default'.split(' '),
);

const NAME = /[\p{ID_Start}$_#@][\p{ID_Continue}$]*/uy;
const NUMBER = /(?:0[xob][\da-f_]+|\d[\d_]*(?:\.[\d_]*)?(?:e[+-]?\d+)?|\.\d[\d_]*(?:e[+-]?\d+)?)n?/iy;
const STRING = /'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"/y;
const COMMENT = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const REGEX = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const MARK = /\.\.\.|=>|\?\.(?!\d)|[^]/y;

/**
 * Splits TypeScript into tokens, so that what the walls look for is never found inside a comment or a string.
 *
 * It is a lexer, not a parser: a slash after `)` or `}` counts as a division, which holds for code that a formatter
 * has gone over. The compiler's own scanner is of no use here: TypeScript 7 has none that JavaScript can call.
 */
export function tokenize(source: string): Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    if (this.#source.startsWith('#!')) this.#at = this.#source.indexOf('\n');
    // Each open `${` of a template remembers how many braces are open inside it.
    const templates: number[] = [];
    while (this.#skipSpace()) {
      const next = this.#source.charAt(this.#at);
      const open = templates.length - 1;
      if (next === '`' || (next === '}' && templates[open] === 0)) {
        if (next === '}') templates.pop();
        if (this.#template()) templates.push(0);
        continue;
      }
      if (open >= 0 && next === '{') templates[open] = (templates[open] ?? 0) + 1;
      if (open >= 0 && next === '}') templates[open] = (templates[open] ?? 0) - 1;
      this.#plain();
    }
    return this.#tokens;
  }

  #skipSpace(): boolean {
    while (this.#at < this.#source.length && /\s/.test(this.#source.charAt(this.#at))) {
      if (this.#source.charAt(this.#at) === '\n') this.#line++;
      this.#at++;
    }
    return this.#at < this.#source.length;
  }

  #plain(): void {
    const took =
      this.#take('comment', COMMENT) ||
      this.#take('string', STRING) ||
      this.#take('name', NAME) ||
      this.#take('number', NUMBER) ||
      (this.#mayBeRegex() && this.#take('regex', REGEX)) ||
      this.#take('mark', MARK);
    if (!took) throw new Error(`line ${this.#line}: no token`);
  }

  #take(kind: Token['kind'], pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0];
    if (text === undefined) return false;
    this.#push(kind, text, kind === 'string' ? text.slice(1, -1) : text);
    return true;
  }

  /** Takes one piece of a template, up to its end or the next `${`; answers whether it ended at a `${`. */
  #template(): boolean {
    const start = this.#at;
    let end = start + 1;
    while (end < this.#source.length) {
      const next = this.#source.charAt(end);
      if (next === '`') break;
      if (next === '$' && this.#source.charAt(end + 1) === '{') break;
      end += next === '\\' ? 2 : 1;
    }
    const opens = this.#source.charAt(end) === '$';
    const whole = this.#source.charAt(start) === '`' && !opens;
    const text = this.#source.slice(start, end + (opens ? 2 : 1));
    this.#push(whole ? 'string' : 'template', text, whole ? text.slice(1, -1) : text);
    return opens;
  }

  #push(kind: Token['kind'], text: string, value: string): void {
    this.#tokens.push({ kind, text, value, line: this.#line });
    this.#line += text.split('\n').length - 1;
    this.#at += text.length;
  }

  #mayBeRegex(): boolean {
    const before = this.#tokens.findLast((token) => token.kind !== 'comment');
    if (before === undefined) return true;
    if (before.kind === 'name') return BEFORE_EXPRESSION.has(before.text);
    if (before.kind === 'mark') return !')]}'.includes(before.text);
    return before.kind === 'template' && before.text.endsWith('${');
  }
}
