import type { Told } from '../policy/index.ts';
import type { Log } from '../ports/index.ts';

/**
 * Questions of a subject that are being answered at once, for all threads together. A thread stops waiting long before
 * whoever answers has given up on somebody else, and asks the next one.
 */
const UNDER_WAY_LIMIT = 4_096;

/** Answers a question of a subject. What it throws is logged by its name alone, and is no answer. */
export type Answer = (question: Told) => Told | Promise<Told>;

/**
 * Where gateway threads ask the control side for what only it knows. Whoever knows something of a subject serves it, or
 * hears what is told of it; there is one of each for a subject.
 */
export class Desks {
  readonly #log: Log;
  readonly #answers = new Map<string, Desk>();
  readonly #hearers = new Map<string, (notice: Told) => void>();
  #threads: ((subject: string, notice: Told) => void) | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** From now on questions of this subject are answered so. */
  serve(subject: string, answer: Answer): void {
    this.#answers.set(subject, { answer, underWay: 0 });
  }

  /** From now on what is told of this subject is heard so. */
  hear(subject: string, heard: (notice: Told) => void): void {
    this.#hearers.set(subject, heard);
  }

  /** Tells all threads, also those that are still beginning. One that begins later has nothing that it could make wrong. */
  announce(subject: string, notice: Told): void {
    this.#threads?.(subject, notice);
  }

  /** Says how all threads are told. */
  reach(threads: (subject: string, notice: Told) => void): void {
    this.#threads = threads;
  }

  /** The answer to a thread's question; null where there is none, or too much is being asked. Never rejects. */
  async answer(subject: string, question: Told): Promise<Told> {
    const desk = this.#answers.get(subject);
    if (desk === undefined || desk.underWay >= UNDER_WAY_LIMIT) return null;
    desk.underWay++;
    try {
      return (await desk.answer(question)) ?? null;
    } catch (fault) {
      this.#failed(subject, fault);
      return null;
    } finally {
      desk.underWay--;
    }
  }

  /** Gives a thread its answer; null where it is none that another thread could be given. Never rejects. */
  async reply(subject: string, question: Told, give: (answer: Told) => void): Promise<void> {
    const answer = await this.answer(subject, question);
    try {
      give(answer);
    } catch (fault) {
      this.#failed(subject, fault);
      give(null);
    }
  }

  /** Hands on what a thread told. Never throws. */
  take(subject: string, notice: Told): void {
    try {
      this.#hearers.get(subject)?.(notice);
    } catch (fault) {
      this.#failed(subject, fault);
    }
  }

  /** The words of a fault may hold what was asked for, which may be secret. */
  #failed(subject: string, fault: unknown): void {
    const detail = fault instanceof Error ? fault.name : 'unknown fault';
    this.#log.write('error', 'desk.fault', 'a question of a gateway thread could not be answered', { subject, detail });
  }
}

/** Who answers for a subject, and how many questions wait there. */
interface Desk {
  readonly answer: Answer;
  underWay: number;
}
