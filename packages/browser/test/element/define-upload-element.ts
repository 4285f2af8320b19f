import { defineUploadElement } from '@partway/browser/element';

// The only script of a page with a strict policy.
defineUploadElement();
