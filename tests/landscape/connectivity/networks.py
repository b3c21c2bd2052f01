"""Networks with residual streams, norms and attention, as people write them."""

import torch
from torch import nn
from torch.nn import functional

from lossedu.training.random_states import scoped

WIDTH, HEADS, TOKENS = 12, 3, 5


class BasicBlock(nn.Module):
    """The block of ResNet-18, as torchvision has it."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            convolution = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(convolution, nn.BatchNorm2d(outputs))

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6))
        self.maxpool = nn.MaxPool2d(2)
        self.layer1 = nn.Sequential(BasicBlock(6, 6), BasicBlock(6, 6))
        self.layer2 = nn.Sequential(BasicBlock(6, 8, 2), BasicBlock(8, 8))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        x = self.maxpool(functional.relu(self.stem(x.unsqueeze(1))))
        x = self.layer2(self.layer1(x))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class InvertedResidual(nn.Module):
    """Depthwise convolutions and a gate of channels, as in mobile networks."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, padding=1)
        self.expand = nn.Conv2d(6, 10, 1)
        self.depthwise = nn.Conv2d(10, 10, 3, padding=1, groups=10)
        self.squeeze, self.excite = nn.Conv2d(10, 3, 1), nn.Conv2d(3, 10, 1)
        self.project = nn.Conv2d(10, 6, 1)
        self.norm = nn.GroupNorm(1, 6)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        x = functional.silu(self.stem(x.unsqueeze(1)))
        inside = functional.silu(self.depthwise(functional.silu(self.expand(x))))
        gate = self.excite(torch.relu(self.squeeze(inside.mean((2, 3), keepdim=True))))
        x = self.norm(x + self.project(inside * torch.sigmoid(gate)))
        return self.head(x.mean([-2, -1]))


class Dense(nn.Module):
    """Units side by side: of a concatenation, and of a gate that is cut from one layer."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(8, 7), nn.Linear(7, 5)
        self.gated, self.head = nn.Linear(12, 12), nn.Linear(6, 4)
        self.norm = nn.LayerNorm(12)

    def forward(self, x):
        one = torch.tanh(self.first(x.mean(1)))
        both = self.norm(torch.cat([one, torch.tanh(self.second(one))], dim=-1))
        value, gate = self.gated(both).chunk(2, dim=-1)
        return self.head(value * torch.sigmoid(gate))


class Encoder(nn.Module):
    """Torch's own layers of a transformer, with a class token and positions."""

    def __init__(self, norm_first=False):
        super().__init__()
        self.embed = nn.Linear(8, WIDTH)
        self.token = nn.Parameter(torch.randn(1, 1, WIDTH))
        self.position = nn.Parameter(torch.randn(1, 9, WIDTH))
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 10, activation="gelu", batch_first=True, norm_first=norm_first
        )
        norm = nn.LayerNorm(WIDTH)
        self.encoder = nn.TransformerEncoder(layer, 2, norm, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, 4)

    def forward(self, x):
        x = self.embed(x)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=-2)
        return self.head(self.encoder(x + self.position)[:, 0])


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.other = nn.Linear(8, WIDTH), nn.Linear(8, WIDTH)
        self.decoder = nn.TransformerDecoderLayer(WIDTH, HEADS, 10, batch_first=True)
        self.head = nn.Linear(WIDTH, 4)

    def forward(self, x):
        return self.head(self.decoder(self.embed(x), torch.tanh(self.other(x))).mean(1))


class Attention(nn.Module):
    """Attention written out around torch's function, with a projection each."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x):
        batch, tokens, width = x.shape
        query, key, value = (
            each(x).view(batch, tokens, HEADS, WIDTH // HEADS).transpose(1, 2)
            for each in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))


class FusedAttention(nn.Module):
    """Attention with one projection that is split, and products of matrices."""

    def __init__(self):
        super().__init__()
        self.project, self.out = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH)
        self.register_buffer("mask", torch.ones(TOKENS, TOKENS).tril().view(1, 1, TOKENS, TOKENS))

    def forward(self, x):
        batch, tokens, width = x.size()
        query, key, value = self.project(x).split(WIDTH, dim=2)
        query = query.view(batch, tokens, HEADS, width // HEADS).transpose(1, 2)
        key = key.view(batch, tokens, HEADS, width // HEADS).transpose(1, 2)
        value = value.view(batch, tokens, HEADS, width // HEADS).transpose(1, 2)
        scores = (query @ key.transpose(-2, -1)) * 0.5
        scores = scores.masked_fill(self.mask[:, :, :tokens, :tokens] == 0, float("-inf"))
        mixed = functional.softmax(scores, dim=-1) @ value
        return self.out(mixed.transpose(1, 2).contiguous().view(batch, tokens, width))


class Block(nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = attention
        self.feed = nn.Sequential(nn.Linear(WIDTH, 10), nn.GELU(), nn.Linear(10, WIDTH))
        self.scale = nn.Parameter(torch.rand(WIDTH))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.scale * self.feed(self.norm2(x))


class Language(nn.Module):
    """A small language model over digits of its inputs."""

    def __init__(self, attention):
        super().__init__()
        self.tokens, self.position = nn.Embedding(10, WIDTH), nn.Embedding(TOKENS, WIDTH)
        self.blocks = nn.Sequential(*(Block(attention()) for _ in range(2)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4, bias=False)

    def forward(self, x):
        places = torch.arange(TOKENS)
        numbers = (x[:, :TOKENS, 0].abs() * 3).long().clamp(max=9)
        x = self.blocks(self.tokens(numbers) + self.position(places))
        return self.head(self.norm(x)).mean(1)


class Patches(nn.Module):
    """Patches of an image, their channels moved to the end."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(1, WIDTH, 4, 4)
        self.mix = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True, add_bias_kv=True)
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4)

    def forward(self, x):
        x = self.patch(x.unsqueeze(1)).flatten(2).transpose(1, 2)
        inside = self.norm(x)
        return self.head((x + self.mix(inside, inside, inside, need_weights=False)[0]).mean(1))


NETWORKS = {
    "resnet": ResNet,
    "inverted residual": InvertedResidual,
    "dense": Dense,
    "encoder": Encoder,
    "encoder, norm first": lambda: Encoder(norm_first=True),
    "decoder": Decoder,
    "language": lambda: Language(Attention),
    "language, fused": lambda: Language(FusedAttention),
    "patches": Patches,
}


def network(name, seed):
    """In float64, with norms that are not all alike, in evaluation mode."""
    with scoped(seed):
        model = NETWORKS[name]().double()
        for module in model.modules():
            if isinstance(module, (nn.LayerNorm, nn.GroupNorm, nn.BatchNorm2d)):
                nn.init.normal_(module.weight, 1, 0.3)
                nn.init.normal_(module.bias, 0, 0.3)
        model.train()
        model(torch.randn(16, 8, 8).double())
    return model.eval()
