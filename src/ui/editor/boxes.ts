import * as vscode from 'vscode';

import type { Rule } from '../text/keyNames';
import { l10n } from './editorWords';
import { ruleText } from '../text/rules';

/** How the user left a box: with a value, with a button of the title, back, or with Esc. */
export type Answer<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'button'; readonly button: vscode.QuickInputButton; readonly text: string }
  | { readonly kind: 'back' }
  | { readonly kind: 'cancel' };

/** Where a box stands in a series. */
export interface Place {
  readonly title: string;
  readonly step: number;
  readonly totalSteps: number;
  readonly canGoBack: boolean;
}

/** Asks one thing, and answers with the state that has it. */
export interface Step<S> {
  /** Whether it is asked at all; the count of steps is made of this. */
  applies(state: S): boolean;
  ask(state: S, place: Place): Promise<Answer<S>>;
}

/** Asks one step after the other, with Back; undefined when the user left with Esc. */
export async function runSteps<S>(
  title: string,
  initial: S,
  steps: readonly Step<S>[],
): Promise<S | undefined> {
  let state = initial;
  let index = 0;
  /** Steps that showed something: Back leads to the last of them. */
  const shown: number[] = [];
  for (;;) {
    const step = steps[index];
    if (step === undefined) return state;
    if (!step.applies(state)) {
      index++;
      continue;
    }
    const current = state;
    const later = steps.slice(index).filter((other) => other.applies(current)).length;
    const answer = await step.ask(state, {
      title,
      step: shown.length + 1,
      totalSteps: shown.length + later,
      canGoBack: shown.length > 0,
    });
    if (answer.kind === 'value') {
      shown.push(index++);
      state = answer.value;
    } else if (answer.kind === 'back') {
      // A step may not apply any more because it was answered: going there would show nothing.
      do index = shown.pop() ?? 0;
      while (shown.length > 0 && steps[index]?.applies(state) === false);
    } else {
      return undefined;
    }
  }
}

/** An answer as what follows from it. The ways to leave a box stay as they are. */
export function mapAnswer<T, S>(answer: Answer<T>, next: (value: T) => S): Answer<S> {
  return answer.kind === 'value' ? { kind: 'value', value: next(answer.value) } : answer;
}

/** A box that is no part of a series. */
export function alone(title: string, canGoBack = false): Place {
  return { title, step: 0, totalSteps: 0, canGoBack };
}

/** What an input box asks. */
export interface TextQuestion {
  readonly place: Place;
  readonly prompt: string;
  readonly placeholder?: string | undefined;
  readonly value?: string | undefined;
  readonly isSecret?: boolean | undefined;
  readonly buttons?: readonly vscode.QuickInputButton[] | undefined;
  /** The rule that the text breaks, told while typing. */
  problem(text: string): Rule | undefined;
  /** Asked after Enter, may take a while: what is wrong, or undefined. */
  check?(text: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Asks for a text. Blanks around it are cut off; what is refused keeps the box open. */
export async function askText(question: TextQuestion): Promise<Answer<string>> {
  const box = vscode.window.createInputBox();
  box.prompt = question.prompt;
  box.placeholder = question.placeholder;
  box.value = question.value ?? '';
  box.password = question.isSecret ?? false;
  const validate = (text: string): string | undefined => {
    const rule = question.problem(text);
    return rule && ruleText(rule, l10n);
  };
  return show(box, question, (signal, resolve, reject) => {
    const accept = async (): Promise<void> => {
      const text = box.value.trim();
      let wrong = validate(text);
      if (wrong === undefined && question.check !== undefined) {
        box.validationMessage = undefined;
        box.busy = true;
        box.enabled = false;
        wrong = await question.check(text, signal);
        if (signal.aborted) return;
        box.enabled = true;
        box.busy = false;
      }
      if (wrong === undefined) resolve({ kind: 'value', value: text });
      else box.validationMessage = wrong;
    };
    box.onDidChangeValue((text) => {
      // Nothing is wrong with a box in which nothing was typed yet.
      box.validationMessage = text.trim() === '' ? undefined : validate(text.trim());
    });
    box.onDidAccept(() => {
      if (!box.busy) void accept().catch(reject);
    });
  });
}

/** A row of a pick list, with what it stands for. */
export interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

/** What a pick list asks. */
export interface PickQuestion<T> {
  readonly place: Place;
  readonly placeholder: string;
  /** Rows, or a function that finds them while the list shows that it is busy. */
  readonly choices: readonly Choice<T>[] | ((signal: AbortSignal) => Promise<readonly Choice<T>[]>);
  /** The row that Enter takes. */
  readonly active?: ((value: T) => boolean) | undefined;
  /** Asked after Enter, may take a while: what is wrong with the row, or undefined. */
  check?(value: T, signal: AbortSignal): Promise<string | undefined>;
}

/** Asks for one row of a list. Rejects when the rows cannot be found. */
export async function askPick<T>(question: PickQuestion<T>): Promise<Answer<T>> {
  const box = vscode.window.createQuickPick<Choice<T>>();
  const { choices } = question;
  box.placeholder = question.placeholder;
  box.matchOnDescription = true;
  const fill = (rows: readonly Choice<T>[]): void => {
    box.items = rows;
    const active = rows.find((row) => question.active?.(row.value));
    // An empty list would take the focus from the first row, and Enter would do nothing.
    if (active !== undefined) box.activeItems = [active];
  };
  return show(box, question, (signal, resolve, reject) => {
    const busy = async <R>(work: Promise<R>, then: (result: R) => void): Promise<void> => {
      box.busy = true;
      const result = await work;
      if (signal.aborted) return;
      box.busy = false;
      then(result);
    };
    const accept = async (choice: Choice<T>): Promise<void> => {
      await busy(Promise.resolve(question.check?.(choice.value, signal)), (wrong) => {
        if (wrong === undefined) resolve({ kind: 'value', value: choice.value });
        else box.items = box.items.map((row) => (row === choice ? failed(row, wrong) : row));
      });
    };
    box.onDidAccept(() => {
      const [choice] = box.selectedItems;
      if (choice !== undefined && !box.busy) void accept(choice).catch(reject);
    });
    if (typeof choices === 'function') void busy(choices(signal), fill).catch(reject);
    else fill(choices);
  });
}

/** Asks for any number of rows of a list, outside of a series. None when the user left. */
export async function pickMany<T>(
  title: string,
  placeHolder: string,
  choices: readonly Choice<T>[],
): Promise<readonly T[]> {
  const options = { title, placeHolder, ignoreFocusOut: true, canPickMany: true } as const;
  const chosen = (await vscode.window.showQuickPick(choices, options)) ?? [];
  return chosen.map((choice) => choice.value);
}

/** Asks for one row of a list, outside of a series. Undefined when the user left. */
export async function pick<T>(
  title: string,
  placeHolder: string,
  choices: readonly Choice<T>[],
): Promise<T | undefined> {
  const options = { title, placeHolder, matchOnDescription: true, ignoreFocusOut: true };
  return (await vscode.window.showQuickPick(choices, options))?.value;
}

/** Shows a box until it is answered or left. The signal ends what is under way for it. */
async function show<T>(
  box: vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem>,
  { place, buttons = [] }: Pick<TextQuestion, 'place' | 'buttons'>,
  connect: (
    signal: AbortSignal,
    resolve: (answer: Answer<T>) => void,
    reject: (error: unknown) => void,
  ) => void,
): Promise<Answer<T>> {
  const leaving = new AbortController();
  box.title = place.title;
  // The editor writes "(1/4)" behind the title; a box that stands alone needs no number.
  if (place.totalSteps > 1) {
    box.step = place.step;
    box.totalSteps = place.totalSteps;
  }
  // The user may go to the browser to copy a key: that must not end the series.
  box.ignoreFocusOut = true;
  const { Back } = vscode.QuickInputButtons;
  box.buttons = place.canGoBack ? [Back, ...buttons] : buttons;
  try {
    return await new Promise<Answer<T>>((resolve, reject) => {
      box.onDidTriggerButton((button) => {
        const text = box.value.trim();
        resolve(button === Back ? { kind: 'back' } : { kind: 'button', button, text });
      });
      box.onDidHide(() => {
        resolve({ kind: 'cancel' });
      });
      box.show();
      connect(leaving.signal, resolve, reject);
    });
  } finally {
    leaving.abort();
    box.dispose();
  }
}

function failed<T>(row: Choice<T>, problem: string): Choice<T> {
  return { ...row, detail: `$(error) ${problem}` };
}
