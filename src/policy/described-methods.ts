import { type DescribedMessages, MessageJudge, type MessageType, MessageTypes } from '../openapi/index.ts';

/** What the messages of a method are held against. */
export interface DescribedMethod {
  readonly types: MessageTypes;
  readonly judge: MessageJudge;
  readonly request: MessageType;
  readonly reply: MessageType;
}

/** All methods of a set share what was made of its messages. */
const judgings = new WeakMap<object, Pick<DescribedMethod, 'types' | 'judge'>>();

/** A method of an API whose document is of descriptors; null where that does not describe it. */
export function describedMethod(document: unknown, method: string): DescribedMethod | null {
  if (typeof document !== 'object' || document === null) return null;
  let judging = judgings.get(document);
  if (judging === undefined) {
    const types = new MessageTypes(document as DescribedMessages);
    judging = { types, judge: new MessageJudge(types) };
    judgings.set(document, judging);
  }
  const messages = judging.types.ofMethod(method);
  return messages === null ? null : { ...judging, ...messages };
}
