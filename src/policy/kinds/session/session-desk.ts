import {
  SESSION_NOTICES,
  SESSION_USES,
  sessionSubject,
  type SessionNotice,
  type SessionQuestion,
  type SessionUse,
} from '../../../session/contract.ts';
import type { Desk, Told } from '../../desk.ts';

/** What the control side and a thread say to each other about sessions, by the types of their contract. */
export class SessionDesk {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** The answer to a question, which says what type that is of; null where there is none. */
  async ask<T extends object>(question: SessionQuestion, limitMs?: number): Promise<T | null> {
    return (await this.#desk.ask(sessionSubject(question.ask), { ...question }, limitMs)) as T | null;
  }

  /** Tells which sessions were used. */
  tell(uses: readonly SessionUse[]): void {
    this.#desk.tell(
      SESSION_USES,
      uses.map((use) => ({ ...use })),
    );
  }

  /** Hears which sessions have ended or changed. */
  heed(heard: (notice: SessionNotice) => void): void {
    this.#desk.heed(SESSION_NOTICES, (notice: Told) => heard(notice as unknown as SessionNotice));
  }
}
