import { words } from '../editor/editorWords';
import { remediesOf } from '../text/causes';
import { reasonOf } from './resumeModel';
import type { FailureTexts } from './statusBar';

/** What the status bar says of failures, see {@link FailureTexts}. */
export const failureTexts: FailureTexts = {
  reasonOf: (item) => reasonOf(item, words),
  remediesOf: (transfer) => remediesOf(transfer, words),
};
