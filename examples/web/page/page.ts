import { defineUploadElement } from '@partway/browser/element';
import { showFaultPanel } from './fault-panel.ts';
import { createLog } from './log.ts';
import { nodeOf } from './nodes.ts';
import { showProof } from './proofs.ts';
import { sampleFiles } from './sample-files.ts';
import { startWithShortStalls } from './start-with-short-stalls.ts';

defineUploadElement();

const element = nodeOf('partway-upload');
const log = createLog();

startWithShortStalls(element);
element.addEventListener('partway-started', ({ detail: { file, upload } }) => log.follow(file.name, upload));
element.addEventListener('partway-completed', ({ detail }) => void showProof(detail));
nodeOf('button#samples').addEventListener('click', () => element.add(sampleFiles()));
nodeOf('button#clear-log').addEventListener('click', log.clear);
showFaultPanel(log);
