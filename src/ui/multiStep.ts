import * as vscode from 'vscode';

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

/** Result of a step: the state with what was asked, or a way to leave. `skip` asked nothing. */
export type StepResult<S> = { readonly state: S } | 'skip' | 'back' | 'cancel';

/** Asks one thing. */
export interface Step<S> {
  /** Whether it is asked at all; the count of steps is made of this. */
  applies(state: S): boolean;
  ask(state: S, place: Place): Promise<StepResult<S>>;
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
    const result = await step.ask(state, {
      title,
      step: shown.length + 1,
      totalSteps: shown.length + later,
      canGoBack: shown.length > 0,
    });
    if (result === 'cancel') return undefined;
    if (result === 'back') {
      // A step may not apply any more because it was answered: going there would show nothing.
      do index = shown.pop() ?? 0;
      while (shown.length > 0 && steps[index]?.applies(state) === false);
    } else if (result === 'skip') {
      index++;
    } else {
      shown.push(index++);
      state = result.state;
    }
  }
}

/** What an input box asks. */
export interface TextQuestion {
  readonly place: Place;
  readonly prompt: string;
  readonly placeholder?: string | undefined;
  readonly value: string;
  readonly isSecret?: boolean | undefined;
  readonly buttons?: readonly vscode.QuickInputButton[] | undefined;
  /** The rule that the text breaks, told while typing. */
  validate(text: string): string | undefined;
  /** Asked after Enter, may take a while: what is wrong, or undefined. */
  check?(text: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Asks for a text. Blanks around it are cut off; what is refused keeps the box open. */
export async function askText(question: TextQuestion): Promise<Answer<string>> {
  const box = vscode.window.createInputBox();
  const leaving = new AbortController();
  place(box, question.place, question.buttons);
  box.prompt = question.prompt;
  box.placeholder = question.placeholder;
  box.value = question.value;
  box.password = question.isSecret ?? false;
  try {
    return await new Promise<Answer<string>>((resolve, reject) => {
      const accept = async (): Promise<void> => {
        const text = box.value.trim();
        const problem = question.validate(text) ?? (await checkBusy(box, question, text, leaving));
        if (leaving.signal.aborted) return;
        if (problem === undefined) resolve({ kind: 'value', value: text });
        else box.validationMessage = problem;
      };
      box.onDidChangeValue((text) => {
        // Nothing is wrong with a box in which nothing was typed yet.
        box.validationMessage = text.trim() === '' ? undefined : question.validate(text.trim());
      });
      box.onDidAccept(() => {
        if (!box.busy) void accept().catch(reject);
      });
      box.onDidTriggerButton((button) => {
        resolve(answerOfButton(button, box.value.trim()));
      });
      box.onDidHide(() => {
        resolve({ kind: 'cancel' });
      });
      box.show();
    });
  } finally {
    leaving.abort();
    box.dispose();
  }
}

/** A row of a pick list, with what it stands for. */
export interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

/** What a pick list asks. */
export interface PickQuestion<T> {
  readonly place: Place;
  readonly placeholder: string;
  readonly buttons?: readonly vscode.QuickInputButton[] | undefined;
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
  const leaving = new AbortController();
  place(box, question.place, question.buttons);
  box.placeholder = question.placeholder;
  box.matchOnDescription = true;
  const fill = (choices: readonly Choice<T>[]): void => {
    box.items = choices;
    const active = choices.find((choice) => question.active?.(choice.value));
    // An empty list would take the focus from the first row, and Enter would do nothing.
    if (active !== undefined) box.activeItems = [active];
  };
  try {
    return await new Promise<Answer<T>>((resolve, reject) => {
      const accept = async (choice: Choice<T>): Promise<void> => {
        box.busy = true;
        const problem = await question.check?.(choice.value, leaving.signal);
        if (leaving.signal.aborted) return;
        box.busy = false;
        if (problem === undefined) resolve({ kind: 'value', value: choice.value });
        else box.items = box.items.map((row) => (row === choice ? failed(row, problem) : row));
      };
      box.onDidAccept(() => {
        const choice = box.selectedItems[0];
        if (choice !== undefined && !box.busy) void accept(choice).catch(reject);
      });
      box.onDidTriggerButton((button) => {
        resolve(answerOfButton(button, box.value));
      });
      box.onDidHide(() => {
        resolve({ kind: 'cancel' });
      });
      box.show();
      if (typeof question.choices !== 'function') {
        fill(question.choices);
        return;
      }
      box.busy = true;
      question
        .choices(leaving.signal)
        .then((choices) => {
          if (leaving.signal.aborted) return;
          box.busy = false;
          fill(choices);
        })
        .catch(reject);
    });
  } finally {
    leaving.abort();
    box.dispose();
  }
}

/** Asks for any number of rows of a list. */
export async function askPickMany<T>(
  question: Pick<PickQuestion<T>, 'place' | 'placeholder'> & {
    readonly choices: readonly Choice<T>[];
  },
): Promise<Answer<readonly T[]>> {
  const box = vscode.window.createQuickPick<Choice<T>>();
  place(box, question.place, []);
  box.placeholder = question.placeholder;
  box.canSelectMany = true;
  box.items = question.choices;
  box.selectedItems = question.choices.filter((choice) => choice.picked === true);
  try {
    return await new Promise<Answer<readonly T[]>>((resolve) => {
      box.onDidAccept(() => {
        resolve({ kind: 'value', value: box.selectedItems.map((choice) => choice.value) });
      });
      box.onDidTriggerButton((button) => {
        resolve(answerOfButton(button, box.value));
      });
      box.onDidHide(() => {
        resolve({ kind: 'cancel' });
      });
      box.show();
    });
  } finally {
    box.dispose();
  }
}

/** A box that stands alone. */
export function alone(title: string): Place {
  return { title, step: 0, totalSteps: 0, canGoBack: false };
}

async function checkBusy(
  box: vscode.InputBox,
  question: TextQuestion,
  text: string,
  leaving: AbortController,
): Promise<string | undefined> {
  if (question.check === undefined) return undefined;
  box.validationMessage = undefined;
  box.busy = true;
  box.enabled = false;
  const problem = await question.check(text, leaving.signal);
  if (leaving.signal.aborted) return undefined;
  box.enabled = true;
  box.busy = false;
  return problem;
}

function place(
  box: vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem>,
  at: Place,
  buttons: readonly vscode.QuickInputButton[] = [],
): void {
  box.title = at.title;
  // The editor writes "(1/4)" behind the title; a box that stands alone needs no number.
  if (at.totalSteps > 1) {
    box.step = at.step;
    box.totalSteps = at.totalSteps;
  }
  // The user may go to the browser to copy a key: that must not end the series.
  box.ignoreFocusOut = true;
  box.buttons = at.canGoBack ? [vscode.QuickInputButtons.Back, ...buttons] : buttons;
}

function answerOfButton(
  button: vscode.QuickInputButton,
  text: string,
): { kind: 'back' } | { kind: 'button'; button: vscode.QuickInputButton; text: string } {
  return button === vscode.QuickInputButtons.Back
    ? { kind: 'back' }
    : { kind: 'button', button, text };
}

function failed<T>(row: Choice<T>, problem: string): Choice<T> {
  return { ...row, detail: `$(error) ${problem}` };
}
