import type { SignInRefusal } from './contract.ts';

/** Why a session ended. */
export type SessionEnd =
  /** They have signed out. */
  | 'sign-out'
  /** The provider has told that they signed out there. */
  | 'provider'
  /** The provider refreshes it no more. */
  | 'refresh-refused'
  /** Another took its place: they have signed in anew. */
  | 'replaced'
  /** An operator has ended it. */
  | 'operator';

/** What happens to sessions and is worth a record and a count. `subject` null: nobody is known. */
export type SessionEvent =
  | {
      readonly kind: 'begun';
      readonly issuer: string;
      readonly issuerId: string;
      readonly subject: string;
      readonly session: string;
    }
  | {
      readonly kind: 'ended';
      readonly why: SessionEnd;
      readonly issuer: string;
      readonly issuerId: string;
      readonly subject: string;
      readonly session: string;
      /** Who did it, where that is an operator. */
      readonly author?: string;
    }
  | { readonly kind: 'refused'; readonly issuer: string; readonly refusal: SignInRefusal; readonly words: string }
  | {
      readonly kind: 'refreshed';
      readonly issuer: string;
      readonly result: 'renewed' | 'refused' | 'unavailable' | 'untrusted';
      readonly words: string;
    }
  | {
      readonly kind: 'logout-told';
      readonly issuer: string;
      readonly result: 'heard' | 'refused';
      readonly words: string;
    };

/** Hears of each. */
export type TellSessionEvent = (event: SessionEvent) => void;
