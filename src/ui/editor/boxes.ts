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

/** What a step ends with; `before`: the answer of the step before is wrong, as the state says. */
export type StepAnswer<S> = Answer<S> | { readonly kind: 'before'; readonly state: S };

/** Asks one thing, and answers with the state that has it. */
export interface Step<S> {
  /** Whether it is asked at all; the count of steps is made of this. */
  applies(state: S): boolean;
  ask(state: S, place: Place): Promise<StepAnswer<S>>;
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
    } else if (answer.kind === 'back' || answer.kind === 'before') {
      if (answer.kind === 'before') state = answer.state;
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

/** The place of one field in a series: its title names the field. */
export function placeOf(field: string, place: Place): Place {
  return { ...place, title: l10n.t('{title}: {field}', { title: place.title, field }) };
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
  /** What is known to be wrong with the value already. */
  readonly wrong?: string | undefined;
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
  box.validationMessage = question.wrong;
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
  /** The row for what is typed, whatever else is listed; undefined when that is listed itself. */
  readonly typed?:
    ((text: string, rows: readonly Choice<T>[]) => Choice<T> | undefined) | undefined;
  /** Asked after Enter, may take a while: what is wrong with the row, or undefined. */
  check?(value: T, signal: AbortSignal): Promise<string | undefined>;
}

/** Asks for one row of a list. Rejects when the rows cannot be found. */
export async function askPick<T>(question: PickQuestion<T>): Promise<Answer<T>> {
  const box = vscode.window.createQuickPick<Choice<T>>();
  const { choices } = question;
  box.placeholder = question.placeholder;
  box.matchOnDescription = true;
  let rows: readonly Choice<T>[] = [];
  let typed: Choice<T> | undefined;
  const draw = (active: Choice<T> | undefined): void => {
    box.items = typed === undefined ? rows : [...rows, typed];
    // An empty list would take the focus from the first row, and Enter would do nothing.
    if (active !== undefined) box.activeItems = [active];
  };
  /** The list filters what is typed; a row that says it stays. */
  const typedRow = (): Choice<T> | undefined => {
    const text = box.value.trim();
    const row = text === '' ? undefined : question.typed?.(text, rows);
    return row && { ...row, alwaysShow: true };
  };
  const fill = (found: readonly Choice<T>[]): void => {
    rows = found;
    typed = typedRow();
    draw(typed === undefined ? rows.find((row) => question.active?.(row.value)) : undefined);
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
        if (wrong === undefined) {
          resolve({ kind: 'value', value: choice.value });
          return;
        }
        const refused = failed(choice, wrong);
        rows = rows.map((row) => (row === choice ? refused : row));
        // Something else may have been typed meanwhile.
        const now = typedRow();
        typed = choice === typed && now?.label === choice.label ? refused : now;
        draw(rows.includes(refused) || typed === refused ? refused : undefined);
      });
    };
    box.onDidChangeValue(() => {
      if (question.typed === undefined || box.busy) return;
      const before = typed;
      typed = typedRow();
      if (typed !== before) draw(undefined);
    });
    box.onDidAccept(() => {
      const [chosen] = box.selectedItems;
      if (chosen === undefined || box.busy) return;
      // Enter may come before the row of the last letter: what stands in the box counts.
      if (chosen === typed) typed = typedRow() ?? chosen;
      void accept(chosen === typed || rows.includes(chosen) ? chosen : (typed ?? chosen)).catch(
        reject,
      );
    });
    if (typeof choices === 'function') void busy(choices(signal), fill).catch(reject);
    else fill(choices);
  });
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
