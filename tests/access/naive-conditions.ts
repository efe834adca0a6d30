/** What a condition of these properties can be about. */
export type Condition =
  | { readonly is: 'true' | 'false' }
  | { readonly is: 'role'; readonly role: string }
  | { readonly is: 'own-tenant' | 'own-id' | 'flagged' | 'has-level' | 'response-owner' | 'response-tenant' }
  | { readonly is: 'level' | 'amount'; readonly least: number }
  | { readonly is: 'not'; readonly of: Condition }
  | { readonly is: 'and' | 'or'; readonly left: Condition; readonly right: Condition };

/** What a condition is asked of. Undefined is not there. */
export interface Facts {
  readonly subject: string;
  readonly tenant: string | undefined;
  readonly roles: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly params: { readonly tenant: string; readonly id: string };
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly response: unknown;
}

/** The condition as the configuration has it. */
export function conditionText(condition: Condition): string {
  switch (condition.is) {
    case 'true':
    case 'false':
      return `params.id ${condition.is === 'true' ? '==' : '!='} params.id`;
    case 'role':
      return `'${condition.role}' in principal.roles`;
    case 'own-tenant':
      return 'params.tenant == principal.tenant';
    case 'own-id':
      return 'params.id in principal.claims.ids';
    case 'flagged':
      return 'principal.claims.flag == true';
    case 'has-level':
      return 'has(principal.claims.level)';
    case 'response-owner':
      return 'response.owner == principal.subject';
    case 'response-tenant':
      return 'response.place.tenant == principal.tenant';
    case 'level':
      return `principal.claims.level >= ${condition.least}`;
    case 'amount':
      return `request.body.amount >= ${condition.least}`;
    case 'not':
      return `!(${conditionText(condition.of)})`;
    case 'and':
    case 'or':
      return `(${conditionText(condition.left)} ${condition.is === 'and' ? '&&' : '||'} ${conditionText(condition.right)})`;
  }
}

/** Whether it holds, by the words of the guide alone; null where it can't be worked out. */
export function truthOf(condition: Condition, facts: Facts): boolean | null {
  const { claims, params } = facts;
  switch (condition.is) {
    case 'true':
    case 'false':
      return condition.is === 'true';
    case 'role':
      return facts.roles.includes(condition.role);
    case 'own-tenant':
      return same(params.tenant, facts.tenant);
    case 'own-id':
      return Array.isArray(claims['ids']) ? claims['ids'].includes(params.id) : null;
    case 'flagged':
      return same(true, claims['flag']);
    case 'has-level':
      return claims['level'] !== undefined;
    case 'response-owner':
      return same(memberOf(facts.response, 'owner'), facts.subject);
    case 'response-tenant':
      return same(memberOf(memberOf(facts.response, 'place'), 'tenant'), facts.tenant);
    case 'level':
      return atLeast(claims['level'], condition.least);
    case 'amount':
      return atLeast(facts.body?.['amount'], condition.least);
    case 'not': {
      const of = truthOf(condition.of, facts);
      return of === null ? null : !of;
    }
    case 'and':
    case 'or':
      return joined(condition.is, truthOf(condition.left, facts), truthOf(condition.right, facts));
  }
}

/** Either side alone decides where it can, whatever the other is. */
function joined(by: 'and' | 'or', left: boolean | null, right: boolean | null): boolean | null {
  const deciding = by === 'or';
  if (left === deciding || right === deciding) return deciding;
  return left === null || right === null ? null : !deciding;
}

function same(left: unknown, right: unknown): boolean | null {
  return left === undefined || right === undefined ? null : left === right;
}

function atLeast(value: unknown, least: number): boolean | null {
  return typeof value === 'number' ? value >= least : null;
}

function memberOf(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** Whether it asks for the reply. */
export function asksResponse(condition: Condition): boolean {
  if (condition.is === 'not') return asksResponse(condition.of);
  if (condition.is === 'and' || condition.is === 'or')
    return asksResponse(condition.left) || asksResponse(condition.right);
  return condition.is === 'response-owner' || condition.is === 'response-tenant';
}
