import { type ControlPlane, type Upload, uploadFile } from '@partway/browser';
import { useUpload } from '@partway/browser/vue';
import { type Component, defineComponent, h, shallowRef } from 'vue';

export function uploadComponent(controlPlane: ControlPlane): Component {
  return defineComponent(() => {
    const upload = shallowRef<Upload>();
    const { snapshot, object, error, pause, resume } = useUpload(upload);
    const begin = ({ target }: Event): void => {
      const file = target instanceof HTMLInputElement ? target.files?.[0] : undefined;
      upload.value = file && uploadFile(file, { controlPlane, key: file.name });
    };
    return () => {
      if (object.value !== undefined) return h('p', `${object.value.key} is stored.`);
      if (error.value !== undefined) return h('p', `That failed: ${error.value.code}`);
      if (snapshot.value === undefined)
        return h('input', { type: 'file', 'aria-label': 'File', onChange: begin });
      const { phase, sentBytes, size = 1 } = snapshot.value;
      const isPaused = phase === 'paused';
      return h('p', [
        h('progress', { 'aria-label': 'Upload', max: size, value: sentBytes }),
        h('button', { type: 'button', onClick: isPaused ? resume : pause }, isPaused ? 'Resume' : 'Pause'),
      ]);
    };
  });
}
