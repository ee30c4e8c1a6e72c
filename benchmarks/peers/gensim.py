"""gensim: online NMF of sparse counts."""

from __future__ import annotations

from importlib import import_module

from benchmarks.peers.peer import Fit, Job, Peer

MAX_ITER = 10


def fit(job: Job) -> Fit:
    """Run `gensim.models.nmf.Nmf`; an iteration is a pass over all documents, and there is no stopping rule."""
    passes = job.max_iter or MAX_ITER
    documents = job.X.T.tocsc()
    model = import_module("gensim.models.nmf").Nmf(
        documents,
        num_topics=job.n_components,
        id2word={word: str(word) for word in range(job.X.shape[1])},
        passes=passes,
        normalize=False,
        eval_every=None,
        random_state=job.seed,
    )
    # The public way to the weights, model[corpus], drops small ones and goes through Python lists.
    W = model._solveproj(documents, model._W)
    return Fit(W.T, model._W.T, passes)


GENSIM = Peer("gensim online", "gensim", "gensim", fit, MAX_ITER, sparse=True, dense=False)
