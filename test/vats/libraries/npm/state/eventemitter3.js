import EventEmitter from 'eventemitter3';

class Bell extends EventEmitter {
  ring(times) {
    return this.emit('ring', times);
  }
}

export const use = () => {
  const seen = [];
  const bell = new Bell();
  bell.on('ring', it => seen.push(it));
  bell.once('ring', function once(it) {
    seen.push(it * 2, this === bell);
  });
  const answers = [bell.ring(1), bell.ring(2), bell.emit('constructor'), bell.emit('nothing')];
  bell.removeAllListeners('ring');
  return [seen, answers, bell.ring(3), bell.listenerCount('ring'), bell.eventNames()];
};
