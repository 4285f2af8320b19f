import { defineUploadElement } from '@partway/browser/element';

// What a page with a strict policy loads: it has no script of its own.
defineUploadElement();
